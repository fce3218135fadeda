/** Where a plugin's code lies: a file, a folder, or a package in a `node_modules`. */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, extname, isAbsolute, join, parse, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError, nearestName } from '@leantune/core';
import { pluginMessages } from '../messages/plugins.js';

/** What Node or the TypeScript compiler makes a module of. */
export const scriptExtensions = ['.ts', '.mts', '.js', '.mjs'] as const;

export interface PluginPlace {
  /** As written in the sweep or on the command line. */
  readonly reference: string;
  /** Package's name, else the file's or folder's. */
  readonly name: string;
  readonly version?: string;
  /** The module that exports the methods. */
  readonly entry: string;
  /** All of its code; absent where the plugin is a single file with what it imports. */
  readonly folder?: string;
  /** Ranges of leantune's packages that its package.json asks for. */
  readonly requires: Readonly<Record<string, string>>;
}

/**
 * Finds a plugin. Paths are relative to `base`; other words are packages, looked for in every `node_modules` from
 * `base` upwards and then beside leantune itself, or else paths.
 * @throws UsageError where nothing is there, or a folder has no entry
 */
export function locatePlugin(reference: string, base: string): PluginPlace {
  const isPath = /^\.{1,2}($|[\\/])/.test(reference) || isAbsolute(reference) || hasScriptExtension(reference);
  const places = isPath
    ? [resolve(base, reference)]
    : [...packageFolders(reference, base), ...packageFolders(reference, ownFolder()), resolve(base, reference)];
  const found = places.find((place) => existsSync(place));
  if (found === undefined) throw notFound(reference, base, isPath);
  return statSync(found).isDirectory() ? folderPlace(reference, found) : filePlace(reference, found);
}

function filePlace(reference: string, file: string): PluginPlace {
  if (!hasScriptExtension(file)) throw noEntry(reference, [pluginMessages.pluginScript(scriptExtensions)]);
  return { reference, name: basename(file, extname(file)), entry: file, requires: {} };
}

function folderPlace(reference: string, folder: string): PluginPlace {
  const manifest = readManifest(folder);
  const name = typeof manifest.name === 'string' ? manifest.name : basename(folder);
  const declared = entryOf(manifest);
  const candidates = [
    ...(declared === undefined ? [] : [declared]),
    ...['index', basename(folder)].flatMap((stem) => scriptExtensions.map((extension) => `${stem}${extension}`)),
  ];
  const entry = candidates
    .map((file) => join(folder, file))
    .find((file) => existsSync(file) && statSync(file).isFile());
  if (entry === undefined) throw noEntry(reference, candidates);
  return {
    reference,
    name,
    ...(typeof manifest.version === 'string' ? { version: manifest.version } : {}),
    entry,
    folder,
    requires: requiresOf(manifest),
  };
}

type Manifest = Readonly<Record<string, unknown>>;

function readManifest(folder: string): Manifest {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return {};
  try {
    return asRecord(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new UsageError(pluginMessages.pluginManifest(file), { code: 'LEANTUNE_PLUGIN_INVALID', cause });
  }
}

/** `exports["."]` under the conditions that an import has, else `main`. */
function entryOf({ exports, main }: Manifest): string | undefined {
  const pick = (target: unknown): string | undefined => {
    if (typeof target !== 'object') return typeof target === 'string' ? target : undefined;
    const conditions = asRecord(target);
    return ['node', 'import', 'default'].map((name) => pick(conditions[name])).find((file) => file !== undefined);
  };
  const root = asRecord(exports)['.'] ?? exports;
  return pick(root) ?? (typeof main === 'string' ? main : undefined);
}

function requiresOf(manifest: Manifest): Record<string, string> {
  const all = { ...asRecord(manifest.dependencies), ...asRecord(manifest.peerDependencies) };
  return Object.fromEntries(
    Object.entries(all).filter(
      (entry): entry is [string, string] => entry[0].startsWith('@leantune/') && typeof entry[1] === 'string',
    ),
  );
}

function packageFolders(name: string, from: string): string[] {
  const folders: string[] = [];
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    folders.push(join(folder, 'node_modules', name));
    if (folder === parse(folder).root) return folders;
  }
}

const ownFolder = () => dirname(fileURLToPath(import.meta.url));

function hasScriptExtension(file: string): boolean {
  return scriptExtensions.some((extension) => file.endsWith(extension));
}

function asRecord(value: unknown): Manifest {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Manifest) : {};
}

function notFound(reference: string, base: string, isPath: boolean): UsageError {
  const path = resolve(base, reference);
  const siblings = existsSync(dirname(path)) ? readdirSync(dirname(path)) : [];
  const nearest = nearestName(basename(path), siblings);
  return new UsageError(
    pluginMessages.pluginNotFound(reference, path, isPath, nearest && join(dirname(reference), nearest)),
    {
      code: 'LEANTUNE_PLUGIN_NOT_FOUND',
      remedy: pluginMessages.pluginNotFoundRemedy(reference, isPath),
    },
  );
}

function noEntry(reference: string, candidates: readonly string[]): UsageError {
  return new UsageError(pluginMessages.pluginNoEntry(reference, candidates), {
    code: 'LEANTUNE_PLUGIN_INVALID',
    remedy: pluginMessages.pluginRemedy(),
  });
}
