import type { Batch } from '../data/batch.js';
import type { MemorySnapshot } from '../memory/meter.js';
import type { NamedParameter, Optimizer } from '../optim/optimizer.js';
import { memoryMeter } from '../tensor/runtime.js';
import type { TrainableModel } from './model.js';
import { LossScaler } from './lossScaler.js';
import { trainStep } from './trainStep.js';

/** Exact memory of one training step: what the meter saw of it, and what stands before any activation; in bytes. */
export interface StepMemory extends MemorySnapshot {
  /**
   * Parameters (and buffers: weights held in 4 bits), one full set of gradients and the optimiser state, whether or not live
   * at the peak. With a fused optimiser, under which a full set never lives, only the gradients live at the peak.
   */
  readonly staticBytes: number;
  /** `peakBytes` - `staticBytes`, as MEFT defines activation memory. */
  readonly activationBytes: number;
}

export interface MeasureOptions {
  readonly seed: number;
  readonly microStep: number;
  /** Micro-batches of the step, all of them `batch`. Default 1. */
  readonly gradientAccumulation?: number | undefined;
  /** As in training. Default: no clipping. */
  readonly maxGradNorm?: number | undefined;
  /** The optimiser has taken a step on every parameter before: no warm-up step. Default false. */
  readonly warmedUp?: boolean | undefined;
}

/**
 * Measures one optimiser step on `batch` after a warm-up step that makes the optimiser's state. The learning rate is 0,
 * but optimiser state moves on: measure after training.
 */
export function measureStepMemory(
  model: TrainableModel,
  optimizer: Optimizer,
  trained: readonly NamedParameter[],
  batch: Batch,
  { seed, microStep, gradientAccumulation = 1, maxGradNorm, warmedUp }: MeasureOptions,
): StepMemory {
  const meter = memoryMeter();
  const microBatches = Array.from({ length: gradientAccumulation }, () => batch);
  const step = (index: number) =>
    trainStep(model, optimizer, trained, microBatches, {
      seed,
      microStep: microStep + index * gradientAccumulation,
      learningRate: 0,
      maxGradNorm,
      // As in training, but without a factor that could overflow: a skipped update would not be measured.
      lossScaler: model.autocast === 'float16' ? new LossScaler(1) : undefined,
    });
  if (warmedUp !== true) step(0);
  meter.resetPeak();
  meter.recordTimeline = true;
  try {
    step(1);
  } finally {
    meter.recordTimeline = false;
  }
  const snapshot = meter.snapshot();
  const held = [...model.namedParameters(), ...model.namedBuffers()];
  const parameterBytes = held.reduce((total, [, { bytes }]) => total + bytes, 0);
  const gradientBytes =
    optimizer.fused === true
      ? snapshot.categories.gradients
      : trained.reduce((total, [, parameter]) => total + parameter.bytes, 0);
  const staticBytes = parameterBytes + gradientBytes + optimizer.stateBytes;
  return { ...snapshot, staticBytes, activationBytes: snapshot.peakBytes - staticBytes };
}
