/** What a sweep file may say. The one source of its validation, its types and the nearest-key hints. */
import { z } from 'zod';
import { limitsSchema, savingSchema, taskSettingsSchema, trainingSchema } from '../cell/contract.js';
import type { TrainingSettings } from '../cell/contract.js';
import { presetNames } from './presets.js';

/** Used where a sweep does not say otherwise; every value ends up in the resolved cell. */
export const defaultTraining: TrainingSettings = {
  epochs: 3,
  batchSize: 16,
  learningRate: 5e-5,
  optimizer: { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  weightDecay: 0.01,
  schedule: 'linear',
  warmupRatio: 0.06,
  maxGradNorm: 1,
  gradientAccumulation: 1,
  padding: 'longest',
};

export const defaultMaxLength = 128;

const trainingPart = trainingSchema.partial();
const taskPart = taskSettingsSchema.omit({ name: true }).partial();
const dropout = z.number().min(0).lt(1);

/** What a method, a task or a backend may set differently. */
const settingsPart = z.strictObject({
  training: trainingPart.optional(),
  saving: savingSchema.optional(),
  dropout: dropout.optional(),
});

const methodEntry = z.union([
  z.string().min(1),
  settingsPart.extend({ method: z.string().min(1), label: z.string().min(1).optional() }),
  // Short form: one spelling with its training settings, `- bitfit: {learningRate: 1e-3}`.
  z.record(z.string(), trainingPart).refine((entry) => Object.keys(entry).length === 1, {
    message: 'names several methods in one entry: put each on its own line',
  }),
]);

const taskEntry = z.union([
  z.string().min(1),
  taskPart.extend({ name: z.string().min(1), training: trainingPart.optional() }),
]);

const distinct = <Item>(items: readonly Item[]) =>
  new Set(items.map((item) => JSON.stringify(item))).size === items.length;
const listOf = <Item extends z.ZodType>(item: Item) =>
  z.array(item).min(1).refine(distinct, { message: 'holds the same entry twice' });

/** A value or a list of values in the file; always a list after parsing. */
const oneOrMore = <Item extends z.ZodType>(item: Item) => z.union([listOf(item), item]);

const gridSchema = z.strictObject({
  epochs: listOf(trainingSchema.shape.epochs).optional(),
  batchSize: listOf(trainingSchema.shape.batchSize).optional(),
  learningRate: listOf(trainingSchema.shape.learningRate).optional(),
  optimizer: listOf(trainingSchema.shape.optimizer).optional(),
  weightDecay: listOf(trainingSchema.shape.weightDecay).optional(),
  schedule: listOf(trainingSchema.shape.schedule).optional(),
  warmupRatio: listOf(trainingSchema.shape.warmupRatio).optional(),
  warmupSteps: listOf(trainingSchema.shape.warmupSteps.unwrap()).optional(),
  maxGradNorm: listOf(trainingSchema.shape.maxGradNorm).optional(),
  gradientAccumulation: listOf(trainingSchema.shape.gradientAccumulation).optional(),
  groupByLength: listOf(z.boolean()).optional(),
  padding: listOf(trainingSchema.shape.padding).optional(),
  precision: listOf(trainingSchema.shape.precision.unwrap()).optional(),
  saving: listOf(savingSchema).optional(),
  dropout: listOf(dropout).optional(),
});

export const sweepSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, { message: 'must be lower-case words joined by hyphens' }),
  title: z.string().min(1),
  description: z.string().optional(),
  /** `toy`: seconds, synthetic or tiny; `small`: real, one CPU hour; `full`: a paper's own size. */
  size: z.enum(['toy', 'small', 'full']).default('small'),
  /** Modules that export methods: paths relative to this file, or packages. */
  plugins: z.array(z.string().min(1)).default([]),
  /** Recipe of a paper: settings that the sweep does not make itself. */
  preset: z.enum(presetNames).optional(),
  models: oneOrMore(z.string().min(1)),
  tasks: oneOrMore(taskEntry),
  methods: z.array(methodEntry).min(1),
  /** Default: the preset's, else 0. */
  seeds: oneOrMore(z.int().nonnegative()).optional(),
  training: trainingPart.default({}),
  saving: savingSchema.default('lean'),
  dropout: dropout.optional(),
  limits: limitsSchema.default({}),
  /** Lists of values; every combination becomes cells of its own. */
  grid: gridSchema.default({}),
  /** Settings that hold on one backend only, e.g. fewer rows where it is slow. */
  backends: z.record(z.string(), settingsPart.extend({ task: taskPart.optional() })).default({}),
  report: z
    .strictObject({
      /** Sentences printed below the table. */
      notes: z.array(z.string()).default([]),
    })
    .default({ notes: [] }),
});

export type SweepFile = z.infer<typeof sweepSchema>;
