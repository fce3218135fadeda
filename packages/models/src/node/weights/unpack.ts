import { closeSync, createReadStream, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Unzip, UnzipInflate } from 'fflate';

/**
 * Unpacks chosen files of a zip archive (a wheel) into a folder, in a stream: `entries` maps names in the archive to
 * names in the folder. Entries that are not named are not unpacked.
 */
export async function unpackZip(archive: string, entries: ReadonlyMap<string, string>, folder: string): Promise<void> {
  const open = new Set<number>();
  let failure: Error | undefined;
  const unzip = new Unzip((entry) => {
    const name = entries.get(entry.name);
    if (name === undefined) return;
    const descriptor = openSync(join(folder, name), 'w');
    open.add(descriptor);
    entry.ondata = (error, data, final) => {
      if (error !== null) failure ??= error;
      else writeSync(descriptor, data);
      if (!final) return;
      fsyncSync(descriptor);
      closeSync(descriptor);
      open.delete(descriptor);
    };
    entry.start();
  });
  unzip.register(UnzipInflate);
  try {
    for await (const chunk of createReadStream(archive, { highWaterMark: 1 << 18 })) {
      unzip.push(chunk as Buffer);
      if (failure !== undefined) throw failure;
    }
    unzip.push(new Uint8Array(0), true);
  } finally {
    for (const descriptor of open) closeSync(descriptor);
  }
}
