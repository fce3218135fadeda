/**
 * The contract between the runner and the code that trains one cell. A cell is one resolved configuration:
 * plain JSON, nothing left to default, so that its hash is its identity. Schemas are the single source of
 * the types; they check what crosses the process border and what is read back from files.
 */
import { LeantuneError, precisions } from '@leantune/core';
import type { PrecisionName } from '@leantune/core';
import { z } from 'zod';

const count = z.int().positive();
const bytes = z.int().nonnegative();
const finite = z.number();

/** Update each parameter as soon as its gradient is complete, and release that: not with clipping. Absent: no. */
const fused = z.boolean().optional();

export const optimizerSchema = z.discriminatedUnion('name', [
  z.strictObject({
    name: z.literal('adamw'),
    beta1: z.number().min(0).lt(1).default(0.9),
    beta2: z.number().min(0).lt(1).default(0.999),
    epsilon: z.number().positive().default(1e-8),
    fused,
  }),
  z.strictObject({
    name: z.literal('sgd'),
    momentum: z.number().min(0).lt(1).default(0),
    fused,
  }),
]);

/** Precisions that train: pure float16 has no room for small updates, and is there to count its bytes. */
const trainingPrecisions = (Object.keys(precisions) as PrecisionName[]).filter((name) => name !== 'fp16');

/** Everything the training loop needs besides model, data and method. Biases and norms are never decayed. */
export const trainingSchema = z.strictObject({
  epochs: count,
  batchSize: count,
  learningRate: z.number().positive(),
  optimizer: optimizerSchema,
  weightDecay: z.number().min(0),
  schedule: z.enum(['constant', 'linear', 'cosine']),
  /** Share of all optimiser steps over which the learning rate rises from 0. */
  warmupRatio: z.number().min(0).max(1),
  /** Optimiser steps instead of a share of them; 0 or absent: the share counts. */
  warmupSteps: z.int().nonnegative().optional(),
  /** Global gradient norm above which gradients are scaled down; 0 switches clipping off. */
  maxGradNorm: z.number().min(0),
  /** Micro-batches of `batchSize` rows per optimiser step. */
  gradientAccumulation: count,
  /** Batches of rows of about the same length; absent: rows in any order. */
  groupByLength: z.boolean().optional(),
  /** `longest` pads a batch to its longest row, `max-length` pads every row to the task's `maxLength`. */
  padding: z.enum(['longest', 'max-length']),
  /** How numbers are held and products computed; absent: fp32. */
  precision: z.enum(trainingPrecisions).optional(),
  /** The epoch that is reported: the last, or the best on the split of the task that selects. Absent: the last. */
  select: z.enum(['last', 'best-dev']).optional(),
  /** Epochs without a better one after which training stops; with `select: best-dev`. Absent: it does not. */
  patience: count.optional(),
});

export const taskSettingsSchema = z.strictObject({
  name: z.string().min(1),
  /** Tokens a row is cut to. */
  maxLength: count,
  /** Take only so many rows of the split; absent: all. */
  trainRows: count.optional(),
  devRows: count.optional(),
  /** How questions with choices are put to a language model; absent: as lm-evaluation-harness does. */
  trainTemplate: z.string().min(1).optional(),
  evalTemplate: z.string().min(1).optional(),
  /** Solved examples before each question in evaluation. */
  shots: z.int().nonnegative().optional(),
  /** Whether evaluation adds special tokens (BOS) to prompts; absent: as the tokenizer does. */
  specialTokens: z.boolean().optional(),
  /** Other tasks that the trained model is scored on at the end. */
  evaluate: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        shots: z.int().nonnegative().optional(),
        devRows: count.optional(),
      }),
    )
    .min(1)
    .optional(),
});

export const limitsSchema = z.strictObject({
  /** Logical bytes above which the meter raises an out-of-memory error. */
  memoryBytes: count.optional(),
  /** Stop training after so many optimiser steps (for trying out). */
  steps: count.optional(),
});

export const savingSchema = z.enum(['pytorch', 'lean']);

export const cellConfigSchema = z.strictObject({
  model: z.string().min(1),
  task: taskSettingsSchema,
  /** Method in leantune's spelling, e.g. `lora(rank=8)+tokentune(tokens=16)`. */
  method: z.string().min(1),
  seed: z.int().nonnegative(),
  training: trainingSchema,
  saving: savingSchema,
  /** Name of a resolved backend, never `auto`. */
  backend: z.string().min(1),
  /** Absent: the model's own dropout. */
  dropout: z.number().min(0).lt(1).optional(),
  limits: limitsSchema,
});

const metricSchema = z.strictObject({
  name: z.string(),
  /** Absent where the metric is undefined for these predictions. */
  value: finite.optional(),
  direction: z.enum(['higher', 'lower']),
  /** Split, `split/group` for a part of its rows, or `task/split` for another task than the trained one. */
  split: z.string(),
  /** Over the rows of the split; absent where the metric has none. */
  standardError: finite.optional(),
});

const memoryCategorySchema = z.strictObject({
  parameters: bytes,
  gradients: bytes,
  optimizerState: bytes,
  savedActivations: bytes,
  batch: bytes,
  workspace: bytes,
});

const devicePeaksSchema = z.strictObject({
  /** Handed out by the allocator: with alignment, and what kernels take inside. */
  allocatedPeakBytes: bytes,
  /** Taken from the device by the allocator, handed out or not; absent where it holds nothing back. */
  reservedPeakBytes: bytes.optional(),
});

/** What the device's own allocator says of the measured step: other bytes than the logical ones. */
const deviceMemorySchema = devicePeaksSchema.extend({
  /** Which allocator. */
  source: z.string(),
  /** By phase; `setup` is what comes between the others, `evaluation` the largest of all evaluations. */
  phases: z.strictObject({
    setup: devicePeaksSchema.optional(),
    forward: devicePeaksSchema.optional(),
    backward: devicePeaksSchema.optional(),
    update: devicePeaksSchema.optional(),
    evaluation: devicePeaksSchema.optional(),
  }),
});

const memorySchema = z.strictObject({
  /** Largest sum of bytes of live buffers during a training step. */
  peakBytes: bytes,
  /** Parameters, one full set of gradients, optimiser state. */
  staticBytes: bytes,
  /** `peakBytes - staticBytes`. */
  activationBytes: z.int(),
  /** Largest sum of distinct buffers held for the backward pass, parameters and batch excluded. */
  savedBytes: bytes,
  /** Where the peak was: phase of the step and the layer that caused it. */
  phase: z.string().optional(),
  layer: z.string().optional(),
  /** What was live at the peak; sums to `peakBytes`. */
  categories: memoryCategorySchema,
  /** Absent where the backend's allocator cannot be asked. */
  device: deviceMemorySchema.optional(),
  /** Live bytes over one step, in order of events. */
  timeline: z.array(z.strictObject({ event: z.int().nonnegative(), bytes, phase: z.string() })).optional(),
});

export const cellOutcomeSchema = z.strictObject({
  /** The first metric is the task's headline. Values after the last epoch, or after the selected one. */
  metrics: z.array(metricSchema).min(1),
  /** The epoch that a score selected, of all `epochs` that were trained; absent: the last one, unseen. */
  selected: z
    .strictObject({ epoch: count, epochs: count, metric: z.string(), split: z.string(), value: finite })
    .optional(),
  epochs: z.array(
    z.strictObject({
      epoch: count,
      trainLoss: finite,
      metrics: z.array(metricSchema),
      seconds: z.number().nonnegative(),
    }),
  ),
  /** Training loss over optimiser steps: the ends here, every step in the step log. */
  loss: z.strictObject({
    first: finite,
    last: finite,
    minimum: finite,
    steps: count,
    /** Steps whose gradients overflowed under loss scaling; absent: none. */
    skippedSteps: count.optional(),
  }),
  memory: memorySchema,
  time: z.strictObject({
    /** Wall-clock time of an optimiser step; `warmup` first steps are left out of the `n` measured ones. */
    stepMs: z.strictObject({ median: finite, mad: finite, n: count, warmup: z.int().nonnegative() }).optional(),
    totalSeconds: z.number().nonnegative(),
  }),
  parameters: z.strictObject({ trainable: z.int().nonnegative(), total: count }),
  sources: z.strictObject({
    weights: z.strictObject({ source: z.string(), sha256: z.string().optional(), random: z.boolean() }),
    tokenizer: z.strictObject({ source: z.string(), sha256: z.string().optional() }).optional(),
    dataset: z.strictObject({
      source: z.string(),
      sha256: z.string().optional(),
      /** Rows used, by split. */
      rows: z.record(z.string(), z.int().nonnegative()),
      trainSplit: z.string(),
      reportSplit: z.string(),
    }),
  }),
  backend: z.strictObject({
    name: z.string(),
    device: z.string(),
    details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  }),
  /** What a reader must know before trusting the row, e.g. that the weights are random. */
  warnings: z.array(z.string()),
});

export type CellConfig = z.infer<typeof cellConfigSchema>;
export type CellOutcome = z.infer<typeof cellOutcomeSchema>;
export type TrainingSettings = z.infer<typeof trainingSchema>;
export type Metric = z.infer<typeof metricSchema>;
export type MemoryCategory = keyof z.infer<typeof memoryCategorySchema>;

/** State of a run for people; sent as often as wanted, shown at most a few times a second. */
export interface CellProgress {
  readonly epoch: number;
  readonly step: number;
  readonly totalSteps: number;
  readonly phase?: string;
  readonly loss?: number;
  readonly peakBytes?: number;
  readonly stepMs?: number;
}

/** One line of the step log `cells/<id>.steps.jsonl`. */
interface StepRecord {
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly gradNorm?: number;
  /** Gradients overflowed under loss scaling: nothing was updated. The loss is null where it is infinite. */
  readonly skipped?: true;
  readonly stepMs: number;
  readonly peakBytes?: number;
}

export interface CellHooks {
  readonly onProgress: (progress: CellProgress) => void;
  /** A line for people before a slow phase ("loading weights, 87 MiB"). */
  readonly onLog: (message: string) => void;
  /**
   * To be awaited after every optimiser step: writes the record, lets the event loop turn (a step blocks it,
   * and without a turn no stop request could arrive) and rejects with `CellInterruptedError` when the cell
   * has been asked to stop.
   */
  readonly onStep: (record: StepRecord) => Promise<void>;
  /** To be awaited between batches of an evaluation: lets the event loop turn and rejects like `onStep`. */
  readonly breathe: () => Promise<void>;
}

/** Signature of `executeCell` in `executeCell.ts`. */
export type ExecuteCell = (config: CellConfig, hooks: CellHooks) => Promise<CellOutcome>;

/** The runner asked this cell to stop after its current step. */
export class CellInterruptedError extends LeantuneError {
  constructor() {
    super('The cell was asked to stop.', { code: 'LEANTUNE_CELL_INTERRUPTED' });
  }
}
