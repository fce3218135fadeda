/** Files of a `.tar.gz` archive. */
import { once } from 'node:events';
import { gunzipSync } from 'node:zlib';
import { Parser } from 'tar';

/**
 * The names of all members as they stand, and the content of the files that `wanted` asks for.
 * @throws Error for an archive that is damaged or cut off
 */
export async function readTarball(
  archive: Uint8Array,
  wanted: (name: string) => boolean,
): Promise<{ readonly names: readonly string[]; readonly files: Readonly<Record<string, Uint8Array>> }> {
  const names: string[] = [];
  const files: Record<string, Uint8Array> = {};
  // Strict: what is damaged is an error, not a warning.
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry) => {
      names.push(entry.path);
      if (!wanted(entry.path) || entry.type !== 'File') return void entry.resume();
      const parts: Buffer[] = [];
      entry.on('data', (part) => parts.push(part));
      entry.on('end', () => (files[entry.path] = Buffer.concat(parts)));
    },
  });
  const ended = once(parser, 'end');
  parser.end(gunzipSync(archive));
  await ended;
  return { names, files };
}

/** As every gzip file begins. */
export const isGzip = (content: Uint8Array): boolean => content[0] === 0x1f && content[1] === 0x8b;
