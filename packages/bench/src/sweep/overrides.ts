/**
 * `key=value` words of the command line. They win over everything that the sweep file says: selections
 * (models, tasks, methods, seeds) before the cells are made, settings on every cell.
 */
import { ConfigurationError } from '@leantune/core';
import type { ConfigurationIssue } from '@leantune/core';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { limitsSchema, savingSchema, taskSettingsSchema, trainingSchema } from '../cell/contract.js';
import { messages } from '../messages.js';
import type { Registry } from '../registry/registry.js';
import { zodIssues } from './issues.js';
import { splitTopLevel } from './splitTopLevel.js';
import { labelled, resolveNames } from './sweep.js';
import type { Sweep } from './sweep.js';

const texts = z.array(z.string().min(1)).min(1);

/** Keys as they are typed; short ones, since each stands for one thing only. */
const overridesSchema = z.strictObject({
  models: texts.optional(),
  tasks: texts.optional(),
  methods: texts.optional(),
  seeds: z.array(z.int().nonnegative()).min(1).optional(),
  ...trainingSchema.omit({ optimizer: true }).partial().shape,
  ...taskSettingsSchema.omit({ name: true }).partial().shape,
  ...limitsSchema.shape,
  optimizer: z.enum(['adamw', 'sgd']).optional(),
  saving: savingSchema.optional(),
  dropout: z.number().min(0).lt(1).optional(),
});

export type Overrides = z.infer<typeof overridesSchema>;

const listKeys = new Set(['models', 'tasks', 'methods', 'seeds']);

/** @throws ConfigurationError naming every word that is wrong. */
export function parseOverrides(words: readonly string[]): Overrides {
  const issues: ConfigurationIssue[] = [];
  const values: Record<string, unknown> = {};
  for (const word of words) {
    const cut = word.indexOf('=');
    if (cut <= 0) {
      issues.push({ key: word, message: messages.notAnOverride(), expected: 'key=value' });
      continue;
    }
    const key = word.slice(0, cut).replace(/^(training|task|limits)\./, '');
    const text = word.slice(cut + 1);
    values[key] = listKeys.has(key)
      ? splitTopLevel(text.replace(/^\[(.*)\]$/s, '$1')).map(scalarFor(key))
      : scalar(text);
  }
  const parsed = overridesSchema.safeParse(values, { reportInput: true });
  if (!parsed.success) {
    issues.push(...zodIssues(overridesSchema, parsed.error).map(({ path: _path, ...issue }) => issue));
  }
  if (parsed.success && issues.length === 0) return parsed.data;
  throw new ConfigurationError(
    issues.map((issue) => ({ file: messages.commandLine(), ...issue })),
    { code: 'LEANTUNE_OVERRIDE_INVALID', remedy: messages.overridesRemedy() },
  );
}

function scalarFor(key: string): (text: string) => unknown {
  return key === 'seeds' ? scalar : (text) => text;
}

function scalar(text: string): unknown {
  const value: unknown = parseYaml(text);
  return value ?? text;
}

/** The sweep with models, tasks, methods and seeds as the command line selects them. */
export function selectFromSweep(sweep: Sweep, overrides: Overrides, registry: Registry): Sweep {
  const selected: Sweep = {
    ...sweep,
    models: overrides.models ?? sweep.models,
    tasks: overrides.tasks?.map((name) => sweep.tasks.find((task) => task.name === name) ?? { name }) ?? sweep.tasks,
    // A label of the sweep keeps its settings; anything else is a method with the sweep's common settings.
    methods:
      overrides.methods === undefined
        ? sweep.methods
        : labelled(
            overrides.methods.map(
              (name) =>
                sweep.methods.find((entry) => entry.label === name) ??
                sweep.methods.find((entry) => entry.method === name) ?? { method: name },
            ),
          ),
    seeds: overrides.seeds ?? sweep.seeds,
  };
  const { sweep: resolved, issues } = resolveNames(selected, registry);
  if (issues.length === 0) return resolved;
  throw new ConfigurationError(
    issues.map(({ path: _path, ...issue }) => ({ file: messages.commandLine(), ...issue })),
    { code: 'LEANTUNE_OVERRIDE_INVALID', remedy: messages.listRemedy() },
  );
}
