import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const repositoryRoot = fileURLToPath(new URL('../../../../', import.meta.url));

/** Reference data beside the repository (`LEANTUNE_SHARED` overrides); not part of it, so tests that need it may skip. */
const sharedFolder = process.env.LEANTUNE_SHARED ?? resolve(repositoryRoot, '..', 'shared');

export const sharedPath = (...parts: string[]): string => join(sharedFolder, ...parts);

/** Undefined where every path is there, else why a test that needs them is skipped. */
export function missingShared(...paths: string[]): string | undefined {
  const missing = paths.filter((path) => !existsSync(sharedPath(path)));
  return missing.length === 0 ? undefined : `no ${missing.join(', ')} in ../shared (LEANTUNE_SHARED)`;
}
