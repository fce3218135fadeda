/** What keeps a value that a plugin exports from being a task. */
import { LeantuneError } from '@leantune/core';
import { z } from 'zod';
import { messages } from '../messages.js';
import { metricNames } from '../metrics/registry.js';
import { defineTask, type TaskDeclaration, type TaskKindName } from './declaration.js';

const text = z.string().min(1);
const texts = z.array(text).min(1);
const needsFunction = (form: string) =>
  z.custom((value) => typeof value === 'function', { error: messages.needsFunction(form) });
const labels = z.array(text).min(2);

/** What a kind asks for besides. */
const ofKind = {
  classification: { labels, fields: texts.max(2) },
  regression: { target: z.object({ minimum: z.number(), maximum: z.number() }), fields: texts.max(2) },
  'multiple-choice': {
    templates: z.looseObject({ harness: z.looseObject({ context: needsFunction('(row, choice) => string') }) }),
    scoring: z.enum(['best', 'mass']),
  },
  'language-modelling': {},
  instruction: { prompt: needsFunction('(row) => string') },
  'question-answering': {},
  'image-classification': { labels },
} satisfies Record<TaskKindName, z.ZodRawShape>;

const common = {
  name: text,
  summary: text,
  source: z.object({ homepage: text, licence: text, citation: text }),
  splits: z.object({ train: z.union([text, texts]).optional(), report: texts, select: text }),
  metrics: z.array(z.enum(metricNames())).min(1),
  manifest: z.object({
    files: z.array(z.object({ path: text, bytes: z.int(), sha256: text })),
    splits: z.record(z.string(), z.object({ rows: z.int().nonnegative() })),
  }),
  load: needsFunction('(task, source) => Promise<{ folder, files, splits }>'),
};

const kinds = Object.keys(ofKind) as [TaskKindName, ...TaskKindName[]];
const declaration = z.discriminatedUnion(
  'kind',
  kinds.map((kind) => z.looseObject({ kind: z.literal(kind), ...common, ...ofKind[kind] })) as unknown as [
    z.ZodObject<{ kind: z.ZodLiteral<TaskKindName> }>,
  ],
  { error: messages.needsKind(kinds) },
);

/** Everything that keeps a value from being a task, one line each; nothing where it is one. */
export function taskProblems(value: unknown): string[] {
  const parsed = declaration.safeParse(value);
  if (!parsed.success) {
    return parsed.error.issues.map(({ path, message }) =>
      path.length === 0 ? message : messages.fieldIs(path.join('.'), message),
    );
  }
  try {
    defineTask(value as TaskDeclaration);
    return [];
  } catch (error) {
    if (error instanceof LeantuneError) return [error.message];
    throw error;
  }
}
