import { resolve } from 'node:path';

/** A file of the reference data, which lies beside the repository (`LEANTUNE_SHARED` overrides). It may be absent. */
export function sharedFile(path: string): string {
  const folder = process.env.LEANTUNE_SHARED ?? resolve(import.meta.dirname, '../../../../../shared');
  return resolve(folder, path);
}
