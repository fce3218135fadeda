/** Writes the folder of a new method or task. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { UsageError } from '@leantune/core';
import { methodNamePattern, methodNames } from '@leantune/methods';
import { taskNames } from '@leantune/tasks';
import { pluginMessages as messages, type PluginPart } from '../messages/plugins.js';
import { ownVersion } from '../plugins/checkVersions.js';
import { commonFiles } from './commonFiles.js';
import { methodFiles } from './methodFiles.js';
import { taskFiles } from './taskFiles.js';

const parts = {
  method: { taken: methodNames, files: methodFiles },
  task: { taken: taskNames, files: taskFiles },
} satisfies Record<PluginPart, unknown>;

/**
 * Writes `parent/name/` and returns its files.
 * @throws UsageError for a name that no method or task can have or that one has, and where the folder exists
 */
export function writePlugin(
  part: PluginPart,
  name: string,
  parent: string,
): { readonly folder: string; readonly files: string[] } {
  checkName(part, name);
  const folder = join(parent, name);
  if (existsSync(folder)) {
    throw new UsageError(messages.newExists(folder), {
      code: 'LEANTUNE_NEW_EXISTS',
      remedy: messages.newExistsRemedy(part, name),
    });
  }
  const names = {
    name,
    identifier: name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()),
    version: ownVersion(),
    vitest: versionOf('vitest'),
    zod: versionOf('zod'),
  };
  const { 'package.json': manifest = '', ...common } = commonFiles(part, names);
  const files = { 'package.json': manifest, ...parts[part].files(names), ...common };
  // `wx`: nothing that somebody wrote in the meantime is lost.
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), content, { flag: 'wx' });
  }
  return { folder, files: Object.keys(files) };
}

/** @throws UsageError with the nearest name that could be taken */
function checkName(part: PluginPart, name: string): void {
  const taken = parts[part].taken();
  const valid = methodNamePattern.test(name);
  if (valid && !taken.includes(name)) return;
  const nearest = freeName(validName(part, name), taken);
  throw new UsageError(valid ? messages.newTaken(part, name, nearest) : messages.newName(part, name, nearest), {
    code: 'LEANTUNE_NEW_NAME',
    remedy: messages.newNameRemedy(part, nearest),
  });
}

/** `MyMethod 2` → `my-method-2` */
function validName(part: PluginPart, name: string): string {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  const joined = words.join('-');
  return methodNamePattern.test(joined) ? joined : ['my', ...words, ...(words.length === 0 ? [part] : [])].join('-');
}

function freeName(name: string, taken: readonly string[]): string {
  return taken.includes(name) ? freeName(`my-${name}`, taken) : name;
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
