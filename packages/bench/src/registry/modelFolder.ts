/** Models that are named by the path of their folder. */
import { existsSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';

/**
 * The path from the current folder to the model that lies at `path` from the folder `base`; undefined where none does.
 * An absolute path stays one, and one from the current folder stays as it is written.
 */
export function modelFolder(path: string, base: string): string | undefined {
  const folder = resolve(base, path);
  if (!existsSync(join(folder, 'config.json'))) return undefined;
  return isAbsolute(path) || resolve(base) === process.cwd() ? path : relative(process.cwd(), folder);
}
