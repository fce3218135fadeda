/** The registries of the packages below, as the bench sees them. Loaded by the commands that need names. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigurationError, LeantuneError, formatConfigurationIssue } from '@leantune/core';
import { z } from 'zod';
import { unknownProblem } from './problems.js';
import type { NameProblem, NamedEntry, Registry, Resolved } from './registry.js';

/** Backends by the names that sweeps and `--backend` use. */
export const backendNames = ['tensorflow', 'wasm'] as const;

export async function loadRegistry(): Promise<Registry> {
  const [tasks, methods, models] = await Promise.all([
    import('@leantune/tasks'),
    import('@leantune/methods'),
    import('@leantune/models') as Promise<{ readonly modelNames?: () => readonly string[] }>,
  ]);
  const modelNames = () => models.modelNames?.() ?? [];
  return {
    tasks: () => tasks.taskNames().map((name): NamedEntry => ({ name, summary: tasks.getTask(name).summary })),
    methods: () =>
      methods.methodNames().map((name): NamedEntry => ({ name, summary: methods.getMethod(name).summary })),
    models: () => modelNames().map((name): NamedEntry => ({ name, summary: '' })),
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
    resolveModel: (name) => {
      const known = modelNames();
      // A folder with a checkpoint is a model too.
      if (known.length === 0 || known.includes(name) || existsSync(join(name, 'config.json'))) return { name };
      return { problem: unknownProblem('model', name, known) };
    },
    describe: (name) => {
      if (methods.methodNames().includes(name)) {
        const { summary, reference, slots, options } = methods.getMethod(name);
        return { method: name, summary, reference, slots, options: describeOptions(options) };
      }
      if (tasks.taskNames().includes(name)) {
        const { load: _load, ...declaration } = tasks.getTask(name);
        return { task: name, ...declaration };
      }
      return modelNames().includes(name) ? { model: name } : undefined;
    },
  };
}

function resolvedBy(resolve: () => string, problem: (error: LeantuneError) => NameProblem): Resolved {
  try {
    return { name: resolve() };
  } catch (error) {
    if (error instanceof LeantuneError) return { problem: problem(error) };
    throw error;
  }
}

function methodProblem(error: LeantuneError): NameProblem {
  if (!(error instanceof ConfigurationError)) return { message: error.message };
  return { message: error.issues.map(formatConfigurationIssue).join('; ') };
}

/** `rank: rank of the update (integer, default 8)` */
function describeOptions(schema: z.ZodObject): Record<string, unknown> {
  const { properties } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return properties ?? {};
}
