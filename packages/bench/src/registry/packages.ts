/** The registries of the packages below, as the bench sees them. Loaded by the commands that need names. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigurationError, LeantuneError, formatConfigurationIssue } from '@leantune/core';
import type { OptionFacts } from '@leantune/methods';
import { messages } from '../messages.js';
import { unknownProblem } from './problems.js';
import { modelFolder } from './modelFolder.js';
import type { NameProblem, NamedEntry, Registry, Resolved } from './registry.js';

/** `owner/name` at the hub, with an optional revision. */
const hubName = /^\w[\w.-]*\/[\w.-]+(@[\w./-]+)?$/;

export async function loadRegistry(): Promise<Registry> {
  const [tasks, methods, models, node] = await Promise.all([
    import('@leantune/tasks'),
    import('@leantune/methods'),
    import('@leantune/models'),
    import('@leantune/core/node'),
    import('./backends.js'),
  ]);
  const modelNames = () => [
    ...models.modelManifests.map(shortName),
    ...models.shippedNames.filter(({ id }) => models.findManifest(id) === undefined).map(({ name }) => name),
  ];
  const shortName = ({ id, shortNames }: { id: string; shortNames: readonly string[] }) => shortNames[0] ?? id;
  return {
    tasks: () => tasks.taskNames().map((name): NamedEntry => ({ name, summary: tasks.getTask(name).summary })),
    methods: () =>
      methods.methodNames().map((name): NamedEntry => ({ name, summary: methods.getMethod(name).summary })),
    models: () =>
      modelNames().map((name): NamedEntry => {
        const summary = (models.findManifest(name) ?? models.findShippedName(name))?.id ?? name;
        return { name, summary };
      }),
    backendNames: () => node.computingProviders().map((provider) => provider.name),
    resolveTask: (name) => {
      const known = tasks.taskNames();
      return known.includes(name)
        ? { name }
        : resolvedBy(
            () => tasks.getTask(name).name,
            () => unknownProblem('task', name, known),
          );
    },
    resolveMethod: (spelling) => resolvedBy(() => methods.parseMethodSpec(spelling).spelling, methodProblem),
    resolveModel: (name, base = '.') => {
      const manifest = models.findManifest(name);
      if (manifest !== undefined) return { name: shortName(manifest) };
      const shipped = models.findShippedName(name);
      if (shipped !== undefined) return { name: shipped.name };
      // A folder with a checkpoint is a model too: by its path, or by its name below LEANTUNE_MODELS.
      const own = process.env.LEANTUNE_MODELS;
      const folder = modelFolder(name, base);
      if (folder !== undefined) return { name: folder };
      if (own && existsSync(join(own, name, 'config.json'))) return { name };
      if (hubName.test(name)) return { name };
      const expected = messages.oneOf([...modelNames(), messages.modelFolders(), messages.hubNames()]);
      return { problem: { ...unknownProblem('model', name, modelNames()), expected } };
    },
    describe: (name) => {
      if (methods.methodNames().includes(name)) {
        const { summary, reference, slots, options } = methods.getMethod(name);
        return { method: name, summary, reference, slots, options: describeOptions(methods.optionFacts(options)) };
      }
      if (tasks.taskNames().includes(name)) {
        const { load: _load, ...declaration } = tasks.getTask(name);
        return { task: name, ...declaration };
      }
      const manifest = models.findManifest(name);
      if (manifest !== undefined) return { model: shortName(manifest), ...manifest };
      const shipped = models.findShippedName(name);
      return shipped && { model: shipped.name, id: shipped.id };
    },
  };
}

export function resolvedBy(resolve: () => string, problem: (error: LeantuneError) => NameProblem): Resolved {
  try {
    return { name: resolve() };
  } catch (error) {
    if (error instanceof LeantuneError) return { problem: problem(error) };
    throw error;
  }
}

export function methodProblem(error: LeantuneError): NameProblem {
  if (!(error instanceof ConfigurationError)) return { message: error.message };
  return { message: error.issues.map(formatConfigurationIssue).join('; ') };
}

/** `rank: integer, default 8: rank of the update` for every option. */
function describeOptions(options: readonly OptionFacts[]): Record<string, string> {
  return Object.fromEntries(
    options.map(({ name, type, range, standard, description }) => {
      const facts = [
        type,
        ...(range === undefined ? [] : [range]),
        ...(standard === undefined ? [] : [messages.defaultValue(standard)]),
      ].join(', ');
      return [name, description === undefined ? facts : `${facts}: ${description}`];
    }),
  );
}
