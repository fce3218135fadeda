/** Loads plugins into this process and registers their methods and tasks. */
import { register } from 'node:module';
import { relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LeantuneError, UsageError } from '@leantune/core';
import { methodNames, methodProblems, registerMethod, type MethodDefinition } from '@leantune/methods';
import { getTask, registerTask, taskProblems, type TaskDeclaration } from '@leantune/tasks';
import { pluginMessages } from '../messages/plugins.js';
import type { PluginIdentity } from '../result/schema.js';
import { checkVersions } from './checkVersions.js';
import { locatePlugin, type PluginPlace } from './locatePlugin.js';
import { hashPlugin } from './pluginFiles.js';

/** A plugin whose methods and tasks this process knows. */
export interface LoadedPlugin extends Omit<PluginPlace, 'requires'> {
  readonly methods: readonly string[];
  readonly tasks: readonly string[];
  readonly sha256: string;
}

const loaded = new Map<string, LoadedPlugin>();
let hooksRegistered = false;

/** In order of loading. */
export function loadedPlugins(): readonly LoadedPlugin[] {
  return [...loaded.values()];
}

/** What results keep of it: no path of this machine. */
export function identityOf({ name, version, sha256, ...exported }: LoadedPlugin): PluginIdentity {
  return { name, ...(version === undefined ? {} : { version }), ...exportsOf(exported), sha256 };
}

/** The names that a plugin brings; tasks where there are any. */
export function exportsOf({ methods, tasks }: Pick<LoadedPlugin, 'methods' | 'tasks'>): {
  methods: string[];
  tasks?: string[];
} {
  return { methods: [...methods], ...(tasks.length === 0 ? {} : { tasks: [...tasks] }) };
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
 * @throws UsageError: not found, no method or task in it, a name taken, a wrong shape (every problem), another version
 */
export async function loadPlugin(reference: string, base: string): Promise<LoadedPlugin> {
  const place = locatePlugin(reference, base);
  const known = loaded.get(place.entry);
  if (known !== undefined) return known;
  checkVersions(place);
  const sha256 = hashPlugin(place);
  const { methods, tasks } = definitionsIn(place, await importPlugin(place));
  for (const { name } of methods) {
    if (methodNames().includes(name)) throw nameTaken(reference, 'method', name, 'LEANTUNE_METHOD_NAME_TAKEN');
  }
  for (const { name, aliases = [] } of tasks) {
    const taken = [name, ...aliases].find(isTask);
    if (taken !== undefined) throw nameTaken(reference, 'task', taken, 'LEANTUNE_TASK_NAME_TAKEN');
  }
  for (const method of methods) registerMethod(method);
  for (const task of tasks) registerTask(task);
  const { requires: _requires, ...where } = place;
  const names = (definitions: readonly { readonly name: string }[]) => definitions.map(({ name }) => name);
  const plugin: LoadedPlugin = { ...where, methods: names(methods), tasks: names(tasks), sha256 };
  loaded.set(place.entry, plugin);
  return plugin;
}

/** By its name or an alias. */
function isTask(name: string): boolean {
  try {
    return getTask(name).name !== '';
  } catch {
    return false;
  }
}

function nameTaken(reference: string, what: 'method' | 'task', name: string, code: string): UsageError {
  const owner = loadedPlugins().find(({ methods, tasks }) => (what === 'method' ? methods : tasks).includes(name));
  return new UsageError(pluginMessages.pluginNameTaken(reference, what, name, owner?.reference), {
    code,
    remedy: pluginMessages.pluginNameRemedy(what),
  });
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
    throw new UsageError(pluginMessages.pluginFailed(reference, reason), {
      ...details,
      ...(cause instanceof LeantuneError && cause.remedy !== undefined ? { remedy: cause.remedy } : {}),
    });
  }
}

interface Definitions {
  readonly methods: readonly MethodDefinition[];
  readonly tasks: readonly TaskDeclaration[];
}

/** Exported methods and tasks: what is exported as default, and whatever else looks like one. */
function definitionsIn(
  { reference }: PluginPlace,
  { default: standard, ...named }: Readonly<Record<string, unknown>>,
): Definitions {
  const candidates = new Map<unknown, string>();
  for (const value of standard === undefined ? [] : [standard].flat()) candidates.set(value, 'default');
  for (const [name, value] of Object.entries(named)) {
    if ((looksLikeMethod(value) || looksLikeTask(value)) && !candidates.has(value)) candidates.set(value, name);
  }
  if (candidates.size === 0) {
    throw new UsageError(pluginMessages.pluginNothing(reference, Object.keys(named)), {
      code: 'LEANTUNE_PLUGIN_EMPTY',
      remedy: pluginMessages.pluginRemedy(),
    });
  }
  const problems = [...candidates].flatMap(([value, name]) =>
    (looksLikeTask(value) ? taskProblems : methodProblems)(value).map((problem) =>
      pluginMessages.pluginExportProblem(name, problem),
    ),
  );
  if (problems.length > 0) {
    throw new UsageError(pluginMessages.pluginInvalid(reference, problems), {
      code: 'LEANTUNE_PLUGIN_INVALID',
      remedy: pluginMessages.pluginRemedy(),
    });
  }
  const values = [...candidates.keys()];
  return {
    methods: values.filter((value) => !looksLikeTask(value)) as MethodDefinition[],
    tasks: values.filter(looksLikeTask) as TaskDeclaration[],
  };
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function looksLikeMethod(value: unknown): boolean {
  return isObject(value) && 'apply' in value && ('name' in value || 'slots' in value);
}

function looksLikeTask(value: unknown): boolean {
  return isObject(value) && 'load' in value && ('kind' in value || 'manifest' in value);
}
