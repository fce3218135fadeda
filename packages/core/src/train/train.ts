import type { Batch } from '../data/batch.js';
import { LeantuneError, UsageError } from '../errors/errors.js';
import { messages } from '../messages.js';
import { withSavingPolicy, type SavingPolicy } from '../autograd/policy.js';
import { scheduleFactor, type ScheduleName } from '../optim/schedule.js';
import type { NamedParameter, OptimizerDefinition } from '../optim/optimizer.js';
import { activeBackend, holdsValues, memoryMeter } from '../tensor/runtime.js';
import { LossScaler } from './lossScaler.js';
import { measureStepMemory, type StepMemory } from './measure.js';
import type { TrainableModel } from './model.js';
import { trainStep } from './trainStep.js';

/** Micro-batches of one epoch, in order; called once for each epoch. */
export interface BatchSource {
  /** Micro-batches in every epoch. */
  readonly length: number;
  epoch(index: number): Iterable<Batch>;
}

export interface StepRecord {
  readonly epoch: number;
  /** Optimiser steps done, this one included. */
  readonly step: number;
  readonly totalSteps: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly gradientNorm?: number;
  /** Gradients overflowed under loss scaling: the step changed nothing. */
  readonly skipped?: true;
  readonly stepMs: number;
  /** Logical peak of the run so far, evaluation apart. */
  readonly peakBytes: number;
}

export interface TrainOptions {
  readonly optimizer: OptimizerDefinition;
  readonly epochs: number;
  /** Names every random stream of the run: order, dropout, token selection. Default 0. */
  readonly seed?: number;
  /** Default `constant`. */
  readonly schedule?: ScheduleName;
  /** Fraction of all optimiser steps; rounded up as Hugging Face does. Default 0. */
  readonly warmupRatio?: number;
  /** Optimiser steps of warm-up, whatever `warmupRatio` says, unless 0 (as Hugging Face's Trainer). Default 0. */
  readonly warmupSteps?: number | undefined;
  /** Default: no clipping. */
  readonly maxGradNorm?: number | undefined;
  /** Micro-batches per optimiser step. Default 1. */
  readonly gradientAccumulation?: number;
  /** Default `lean`. */
  readonly saving?: SavingPolicy;
  readonly onStep?: (record: StepRecord) => void | Promise<void>;
  /** After each epoch, with the model as it is then. */
  readonly onEpoch?: (epoch: number) => void | Promise<void>;
  /** Stops after the running step. */
  readonly signal?: AbortSignal;
  /** Ends training after so many optimiser steps, in the middle of an epoch too; schedules end there. */
  readonly maxSteps?: number | undefined;
  /** Worst-case batch for the memory figures, measured after training. Default: the first batch of epoch 0. */
  readonly memoryBatch?: Batch;
}

export interface TrainResult {
  readonly steps: readonly StepRecord[];
  /** One step on `memoryBatch` after a warm-up step: peak, composition, saved bytes, timeline. */
  readonly memory: StepMemory;
  /** Logical peak over all training steps as they came. */
  readonly trainingPeakBytes: number;
  readonly interrupted: boolean;
}

/**
 * Trains the parameters that require gradients. The loop knows no method: a method has changed the model before.
 * Memory is measured last, on a step of its own: it must not touch what is trained or scored before.
 * @throws UsageError on a backend without values
 */
export async function train(model: TrainableModel, batches: BatchSource, options: TrainOptions): Promise<TrainResult> {
  if (!holdsValues()) throw withoutValues();
  const { seed = 0, gradientAccumulation = 1, saving = 'lean', warmupRatio = 0, warmupSteps = 0 } = options;
  const stepsPerEpoch = Math.ceil(batches.length / gradientAccumulation);
  const totalSteps = Math.min(stepsPerEpoch * options.epochs, options.maxSteps ?? Infinity);
  const schedule = {
    name: options.schedule ?? 'constant',
    warmupSteps: warmupSteps > 0 ? warmupSteps : Math.ceil(totalSteps * warmupRatio),
    totalSteps,
  } as const;
  const trained = trainedParameters(model);
  const stopped = () => options.signal?.aborted ?? false;
  const optimizer = options.optimizer.create(trained);
  const lossScaler = model.autocast === 'float16' ? new LossScaler() : undefined;
  const steps: StepRecord[] = [];
  let microStep = 0;
  let trainingPeakBytes = 0;
  try {
    for (let epoch = 0; epoch < options.epochs && steps.length < totalSteps && !stopped(); epoch++) {
      for (const group of grouped(batches.epoch(epoch), gradientAccumulation)) {
        const learningRate = options.optimizer.learningRate * scheduleFactor(schedule, steps.length);
        memoryMeter().resetPeak(); // what came between the steps, evaluation for one, is no part of the training peak
        const start = performance.now();
        const result = withSavingPolicy(saving, () =>
          trainStep(model, optimizer, trained, group, {
            seed,
            microStep,
            learningRate,
            maxGradNorm: options.maxGradNorm,
            lossScaler,
          }),
        );
        const loss = result.loss!; // there are values here
        // One batch too large for float16 was skipped; a loss that stays infinite has taken the factor below 1.
        const isPassing = result.skipped === true && lossScaler!.scale >= 1;
        if (!Number.isFinite(loss) && !isPassing) throw diverged(loss, steps.length + 1, learningRate, model);
        const stepMs = performance.now() - start;
        microStep += group.length;
        trainingPeakBytes = Math.max(trainingPeakBytes, memoryMeter().snapshot().peakBytes);
        const record: StepRecord = {
          epoch,
          step: steps.length + 1,
          totalSteps,
          learningRate,
          stepMs,
          peakBytes: trainingPeakBytes,
          ...result,
          loss,
        };
        steps.push(record);
        await options.onStep?.(record);
        if (stopped() || steps.length === totalSteps) break;
      }
      if (stopped()) break;
      const ofEpoch = steps.filter((step) => step.epoch === epoch);
      const last = ofEpoch.at(-1);
      if (last !== undefined && !ofEpoch.some(({ loss }) => Number.isFinite(loss))) {
        throw diverged(last.loss, last.step, last.learningRate, model);
      }
      await options.onEpoch?.(epoch);
    }
    const worst = options.memoryBatch ?? first(batches.epoch(0));
    const memory = withSavingPolicy(saving, () =>
      measureStepMemory(model, optimizer, trained, worst, {
        seed,
        microStep,
        gradientAccumulation,
        maxGradNorm: options.maxGradNorm,
      }),
    );
    return { steps, memory, trainingPeakBytes, interrupted: stopped() };
  } finally {
    optimizer.release();
  }
}

/** The parameters that require gradients, with their names. */
export function trainedParameters(model: TrainableModel): NamedParameter[] {
  return [...model.namedParameters()].filter(([, parameter]) => parameter.requiresGrad);
}

function withoutValues(): UsageError {
  return new UsageError(messages.trainingNeedsValues(activeBackend().name), {
    code: 'LEANTUNE_NO_VALUES',
    remedy: messages.noValuesRemedy(),
  });
}

function diverged(loss: number, step: number, learningRate: number, { autocast }: TrainableModel): LeantuneError {
  return new LeantuneError(messages.diverged(loss, step, learningRate), {
    code: 'LEANTUNE_DIVERGED',
    remedy: autocast === 'float16' ? messages.overflowRemedy() : messages.divergedRemedy(),
  });
}

function* grouped(batches: Iterable<Batch>, size: number): Generator<Batch[]> {
  let group: Batch[] = [];
  for (const batch of batches) {
    group.push(batch);
    if (group.length === size) {
      yield group;
      group = [];
    }
  }
  if (group.length > 0) yield group;
}

function first(batches: Iterable<Batch>): Batch {
  for (const batch of batches) return batch;
  throw new UsageError(messages.noBatches(), { code: 'LEANTUNE_NO_BATCHES' });
}
