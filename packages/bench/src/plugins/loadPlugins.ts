/** Loads plugins into this process and registers their methods. */
import { register } from 'node:module';
import { relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LeantuneError, UsageError } from '@leantune/core';
import { methodNames, methodProblems, registerMethod, type MethodDefinition } from '@leantune/methods';
import { messages } from '../messages.js';
import type { PluginIdentity } from '../result/schema.js';
import { checkVersions } from './checkVersions.js';
import { locatePlugin, type PluginPlace } from './locatePlugin.js';
import { hashPlugin } from './pluginFiles.js';

/** A plugin whose methods this process knows. */
export interface LoadedPlugin extends Omit<PluginPlace, 'requires'> {
  readonly methods: readonly string[];
  readonly sha256: string;
}

const loaded = new Map<string, LoadedPlugin>();
let hooksRegistered = false;

/** In order of loading. */
export function loadedPlugins(): readonly LoadedPlugin[] {
  return [...loaded.values()];
}

/** What results keep of it: no path of this machine. */
export function identityOf({ name, version, methods, sha256 }: LoadedPlugin): PluginIdentity {
  return { name, ...(version === undefined ? {} : { version }), methods: [...methods], sha256 };
}

/** How another process, started in the same folder, finds the plugin again. */
export function portableReference({ folder, entry }: Pick<LoadedPlugin, 'folder' | 'entry'>): string {
  const path = relative(process.cwd(), folder ?? entry)
    .split(sep)
    .join('/');
  return path.startsWith('..') ? path : `./${path}`;
}

/**
 * Loads a plugin, once for every entry.
 * @param base folder that paths are relative to
 * @throws UsageError: not found, no method in it, a name taken, a wrong shape (every problem), another version
 */
export async function loadPlugin(reference: string, base: string): Promise<LoadedPlugin> {
  const place = locatePlugin(reference, base);
  const known = loaded.get(place.entry);
  if (known !== undefined) return known;
  checkVersions(place);
  const sha256 = hashPlugin(place);
  const definitions = definitionsIn(place, await importPlugin(place));
  for (const { name } of definitions) {
    if (!methodNames().includes(name)) continue;
    throw new UsageError(messages.pluginNameTaken(reference, name, ownerOf(name)), {
      code: 'LEANTUNE_METHOD_NAME_TAKEN',
      remedy: messages.pluginNameRemedy(),
    });
  }
  for (const definition of definitions) registerMethod(definition);
  const { requires: _requires, ...where } = place;
  const plugin: LoadedPlugin = { ...where, methods: definitions.map(({ name }) => name), sha256 };
  loaded.set(place.entry, plugin);
  return plugin;
}

function ownerOf(name: string): string | undefined {
  return loadedPlugins().find(({ methods }) => methods.includes(name))?.reference;
}

async function importPlugin({ reference, entry }: PluginPlace): Promise<Readonly<Record<string, unknown>>> {
  if (!hooksRegistered) {
    register('./moduleHooks.js', import.meta.url);
    // Stacks then name the lines of the plugin's own TypeScript.
    process.setSourceMapsEnabled(true);
    hooksRegistered = true;
  }
  try {
    return (await import(pathToFileURL(entry).href)) as Record<string, unknown>;
  } catch (cause) {
    const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    const details = { code: 'LEANTUNE_PLUGIN_FAILED', cause };
    throw new UsageError(messages.pluginFailed(reference, reason), {
      ...details,
      ...(cause instanceof LeantuneError && cause.remedy !== undefined ? { remedy: cause.remedy } : {}),
    });
  }
}

/** Exported methods: what is exported as default, and whatever else looks like one. */
function definitionsIn(
  { reference }: PluginPlace,
  { default: standard, ...named }: Readonly<Record<string, unknown>>,
): MethodDefinition[] {
  const candidates = new Map<unknown, string>();
  for (const value of standard === undefined ? [] : [standard].flat()) candidates.set(value, 'default');
  for (const [name, value] of Object.entries(named)) {
    if (looksLikeMethod(value) && !candidates.has(value)) candidates.set(value, name);
  }
  if (candidates.size === 0) {
    throw new UsageError(messages.pluginNoMethod(reference, Object.keys(named)), {
      code: 'LEANTUNE_PLUGIN_NO_METHOD',
      remedy: messages.pluginRemedy(),
    });
  }
  const problems = [...candidates].flatMap(([value, name]) =>
    methodProblems(value).map((problem) => messages.pluginMethodProblem(name, problem)),
  );
  if (problems.length > 0) {
    throw new UsageError(messages.pluginInvalid(reference, problems), {
      code: 'LEANTUNE_PLUGIN_INVALID',
      remedy: messages.pluginRemedy(),
    });
  }
  return [...candidates.keys()] as MethodDefinition[];
}

function looksLikeMethod(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'apply' in value && ('name' in value || 'slots' in value);
}
