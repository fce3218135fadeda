/** Writes the folder of a new method. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { UsageError } from '@leantune/core';
import { methodNamePattern, methodNames } from '@leantune/methods';
import { messages } from '../messages.js';
import { ownVersion } from '../plugins/checkVersions.js';
import { newMethodFiles } from './templates.js';

/**
 * Writes `parent/name/` and returns its files.
 * @throws UsageError for a name that no method can have or that one has, and where the folder exists
 */
export function writeMethod(name: string, parent: string): { readonly folder: string; readonly files: string[] } {
  checkName(name);
  const folder = join(parent, name);
  if (existsSync(folder)) {
    throw new UsageError(messages.newMethodExists(folder), {
      code: 'LEANTUNE_NEW_EXISTS',
      remedy: messages.newMethodExistsRemedy(name),
    });
  }
  mkdirSync(folder, { recursive: true });
  const files = newMethodFiles({
    name,
    identifier: name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()),
    version: ownVersion(),
    vitest: versionOf('vitest'),
    zod: versionOf('zod'),
  });
  // `wx`: nothing that somebody wrote in the meantime is lost.
  for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), content, { flag: 'wx' });
  return { folder, files: Object.keys(files) };
}

/** @throws UsageError with the nearest name that could be taken */
function checkName(name: string): void {
  const valid = methodNamePattern.test(name);
  if (valid && !methodNames().includes(name)) return;
  const nearest = freeName(validName(name));
  throw new UsageError(valid ? messages.newMethodTaken(name, nearest) : messages.newMethodName(name, nearest), {
    code: 'LEANTUNE_NEW_NAME',
    remedy: messages.newMethodRemedy(nearest),
  });
}

/** `MyMethod 2` → `my-method-2` */
function validName(name: string): string {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  const joined = words.join('-');
  return methodNamePattern.test(joined)
    ? joined
    : ['my', ...words, ...(words.length === 0 ? ['method'] : [])].join('-');
}

function freeName(name: string): string {
  return methodNames().includes(name) ? freeName(`my-${name}`) : name;
}

/** The version that leantune itself is tested with; any where it is installed without. */
function versionOf(name: string): string {
  try {
    const file = createRequire(import.meta.url).resolve(`${name}/package.json`);
    return `^${(JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version}`;
  } catch {
    return '*';
  }
}
