import type { Batch } from '../data/batch.js';
import type { CategoryBytes, MemoryPhase } from '../memory/categories.js';
import type { TimelinePoint } from '../memory/meter.js';
import type { NamedParameter, Optimizer } from '../optim/optimizer.js';
import { memoryMeter } from '../tensor/runtime.js';
import type { TrainableModel } from './model.js';
import { trainStep } from './trainStep.js';

/** Exact memory of one training step; every figure in bytes. */
export interface StepMemory {
  /** Logical peak: the largest sum of bytes of live buffers during the step. */
  readonly peakBytes: number;
  /** Parameters, one full set of gradients and the optimiser state, whether or not live at the peak. */
  readonly staticBytes: number;
  /** `peakBytes` - `staticBytes`, as MEFT defines activation memory. */
  readonly activationBytes: number;
  /** Largest sum of distinct buffers held for the backward pass, parameters and batch excluded. */
  readonly savedBytes: number;
  readonly phase: MemoryPhase;
  /** Module path that caused the peak. */
  readonly layer: string;
  /** Composition at the peak. */
  readonly categories: CategoryBytes;
  readonly savedBytesByLayer: Readonly<Record<string, number>>;
  readonly timeline: readonly TimelinePoint[];
}

/**
 * Measures one step on `batch` after a warm-up step that makes the optimiser's state. The learning rate is 0, but
 * optimiser state moves on: measure after training.
 */
export function measureStepMemory(
  model: TrainableModel,
  optimizer: Optimizer,
  trained: readonly NamedParameter[],
  batch: Batch,
  { seed, microStep }: { readonly seed: number; readonly microStep: number },
): StepMemory {
  const meter = memoryMeter();
  const step = (index: number) =>
    trainStep(model, optimizer, trained, [batch], {
      seed,
      microStep: microStep + index,
      learningRate: 0,
      maxGradNorm: 1,
    });
  step(0);
  meter.resetPeak();
  meter.recordTimeline = true;
  try {
    step(1);
  } finally {
    meter.recordTimeline = false;
  }
  const snapshot = meter.snapshot();
  const parameterBytes = model.parameters().reduce((total, parameter) => total + parameter.bytes, 0);
  const gradientBytes = trained.reduce((total, [, parameter]) => total + parameter.bytes, 0);
  const staticBytes = parameterBytes + gradientBytes + optimizer.stateBytes;
  return { ...snapshot, staticBytes, activationBytes: snapshot.peakBytes - staticBytes };
}
