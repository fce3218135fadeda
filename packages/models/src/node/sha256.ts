import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { CorruptFileError } from '@leantune/core';
import * as messages from '../messages.js';

/** SHA-256 of a file in lower-case hex, read in pieces. */
export async function sha256File(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

export interface ExpectedFile {
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Checks a file's size, then its SHA-256, which it returns.
 * @throws CorruptFileError with what was expected and found.
 */
export async function verifyFile(path: string, expected: ExpectedFile, remedy: string): Promise<string> {
  const { size } = await stat(path);
  if (size !== expected.bytes) throw mismatch(path, messages.fileSizeWrong(path, expected.bytes, size), remedy);
  const found = await sha256File(path);
  if (found !== expected.sha256) throw mismatch(path, messages.fileHashWrong(path, expected.sha256, found), remedy);
  return found;
}

function mismatch(file: string, message: string, remedy: string): CorruptFileError {
  return new CorruptFileError(message, { code: 'LEANTUNE_CHECKSUM', file, remedy });
}
