/**
 * Makes the running leantune, and vitest where leantune has it, known to a plugin's folder: links below its
 * `node_modules`, as `npm link` makes them. What is installed there already stays.
 */
import { existsSync, lstatSync, mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Packages that a plugin and its test import, and where their commands lie. */
const linked: readonly (readonly [name: string, command?: string])[] = [
  ['@leantune/core'],
  ['@leantune/methods'],
  ['@leantune/models'],
  ['@leantune/tasks'],
  ['@leantune/bench', 'bin/leantune.js'],
  ['zod'],
  ['vitest', 'vitest.mjs'],
  ['typescript', 'bin/tsc'],
];

/** Returns the names that were linked. */
export function linkPackages(folder: string): string[] {
  const modules = join(folder, 'node_modules');
  return linked.flatMap(([name, command]) => {
    const target = installedFolder(name);
    const place = join(modules, name);
    if (target === undefined || isThere(place)) return [];
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(target, place, 'junction');
    if (command !== undefined) {
      const commandName = name.split('/').at(-1) === 'bench' ? 'leantune' : name === 'typescript' ? 'tsc' : name;
      const bin = join(modules, '.bin', commandName);
      mkdirSync(dirname(bin), { recursive: true });
      if (!isThere(bin)) symlinkSync(relative(dirname(bin), join(place, command)), bin);
    }
    return [name];
  });
}

/** Also a link that points nowhere: it is somebody's. */
function isThere(path: string): boolean {
  return existsSync(path) || lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Folder of a package as leantune itself finds it; undefined where it has none. */
function installedFolder(name: string): string | undefined {
  const own = fileURLToPath(new URL('../../', import.meta.url));
  if (name === '@leantune/bench') return realpathSync(own);
  const require = createRequire(import.meta.url);
  const paths = require.resolve.paths(name) ?? [];
  const found = paths.map((path) => join(path, name)).find((path) => existsSync(join(path, 'package.json')));
  return found === undefined ? undefined : realpathSync(found);
}
