import { open } from 'node:fs/promises';
import type { ByteSource } from '../safetensors/source.js';
import { CorruptFileError } from '@leantune/core';
import * as messages from '../messages.js';

/** One system call reads at most this much; Node refuses 2 GiB and more. */
const MAX_READ_BYTES = 2 ** 30;

/** A file on disk, read in ranges through one handle; `name` is what messages call it. */
export async function openFileSource(path: string, name = path): Promise<ByteSource> {
  const handle = await open(path, 'r');
  const { size } = await handle.stat().catch(async (error: unknown) => {
    await handle.close();
    throw error;
  });
  return {
    name,
    size,
    read: async (offset, length) => {
      const out = new Uint8Array(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await handle.read(
          out,
          filled,
          Math.min(length - filled, MAX_READ_BYTES),
          offset + filled,
        );
        if (bytesRead === 0) {
          // The file shrank while it was open.
          const message = messages.fileEndsEarly(name, offset + filled, length - filled);
          throw new CorruptFileError(message, {
            code: 'LEANTUNE_FILE_TRUNCATED',
            file: name,
            remedy: messages.remedyDownloadAgain(),
          });
        }
        filled += bytesRead;
      }
      return out;
    },
    close: () => handle.close(),
  };
}
