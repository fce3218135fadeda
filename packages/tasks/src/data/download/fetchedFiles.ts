/** What was fetched into a dataset's folder, noted beside it: publishers give the checksum of an archive, not of its files. */
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256File } from '@leantune/models/node';
import { z } from 'zod';
import type { LoadedFile } from '../dataset.js';

const NOTE = '.fetched.json';
const noteSchema = z.array(z.object({ path: z.string(), bytes: z.int(), sha256: z.string() }));

/** None where nothing is noted; a note that cannot be read is none. */
export async function readFetched(folder: string): Promise<readonly LoadedFile[]> {
  try {
    return noteSchema.parse(JSON.parse(await readFile(join(folder, NOTE), 'utf8')));
  } catch {
    return [];
  }
}

/** Notes `files` beside those noted before; `staging` is on the same disk, so that the note is never half written. */
export async function noteFetched(folder: string, staging: string, files: readonly LoadedFile[]): Promise<void> {
  const earlier = (await readFetched(folder)).filter(({ path }) => files.every((file) => file.path !== path));
  await writeFile(join(staging, NOTE), `${JSON.stringify([...earlier, ...files], null, 2)}\n`);
  await rename(join(staging, NOTE), join(folder, NOTE));
}

/** Whether the file has the size and SHA-256 of one that is known by its path; one that is not known is taken as it is. */
export async function isOneOf(known: readonly LoadedFile[], folder: string, path: string): Promise<boolean> {
  const expected = known.filter((file) => file.path === path);
  if (expected.length === 0) return true;
  const { size } = await stat(join(folder, path));
  const sameSize = expected.filter(({ bytes }) => bytes === size);
  if (sameSize.length === 0) return false;
  const sha256 = await sha256File(join(folder, path));
  return sameSize.some((file) => file.sha256 === sha256);
}
