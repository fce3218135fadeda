import { backward, type BackwardOptions } from '../autograd/backward.js';
import { graphScope } from '../autograd/node.js';
import type { Batch } from '../data/batch.js';
import { ConfigurationError } from '../errors/errors.js';
import { messages } from '../messages.js';
import { withStepContext } from '../modules/context.js';
import { clipFactor, gradientNorm } from '../optim/clip.js';
import type { NamedParameter, Optimizer } from '../optim/optimizer.js';
import { Parameter } from '../tensor/parameter.js';
import { holdsValues, memoryMeter, withCategory } from '../tensor/runtime.js';
import { scope } from '../tensor/scope.js';
import { tensorFrom, type Tensor } from '../tensor/tensor.js';
import type { ModelOutput, TokenChoice, TrainableModel } from './model.js';
import { chooseTokens, withDeviceBatch } from './toDevice.js';

export interface TrainStepOptions {
  readonly seed: number;
  /** Micro-batches since the start of training. */
  readonly microStep: number;
  readonly learningRate: number;
  /** Clip the global gradient norm to this; absent: no clipping and no norm. */
  readonly maxGradNorm?: number | undefined;
  /** Tokens given instead of drawn (reference cases). */
  readonly tokens?: TokenChoice | undefined;
  /** Sees the output of each forward pass while it is alive. */
  readonly onOutput?: ((output: ModelOutput) => void) | undefined;
}

export interface TrainStepResult {
  /** Mean of the micro-batches' losses; absent on a backend without values. */
  readonly loss?: number;
  /** Norm before clipping; absent without clipping and on a backend without values. */
  readonly gradientNorm?: number;
}

/**
 * One optimiser step: forward and backward of each micro-batch (each loss divided by their number), then clip and
 * update. Afterwards the live buffers are those before it, plus optimiser state made in the first step.
 */
export function trainStep(
  model: TrainableModel,
  optimizer: Optimizer,
  trained: readonly NamedParameter[],
  microBatches: readonly Batch[],
  options: TrainStepOptions,
): TrainStepResult {
  if (optimizer.fused === true && options.maxGradNorm !== undefined) throw clipsFused();
  const { learningRate } = options;
  const updateNow = (leaf: Tensor) => {
    if (!(leaf instanceof Parameter)) return;
    memoryMeter().inPhase('update', () => optimizer.step(learningRate, undefined, leaf));
    leaf.gradient?.release();
    leaf.gradient = undefined;
  };
  try {
    const losses = microBatches.map((batch, index) => {
      const microStep = options.microStep + index;
      // Gradients are complete in the last micro-batch; parameters that it does not reach are updated after it.
      const onGradient = optimizer.fused === true && index === microBatches.length - 1 ? updateNow : undefined;
      return forwardBackward(model, batch, { ...options, microStep, onGradient }, 1 / microBatches.length);
    });
    const norm = memoryMeter().inPhase('update', () => update(optimizer, trained, options));
    const known = losses.filter((loss) => loss !== undefined);
    return {
      ...(known.length === losses.length && { loss: known.reduce((sum, loss) => sum + loss / losses.length, 0) }),
      ...(norm !== undefined && { gradientNorm: norm }),
    };
  } finally {
    releaseGradients(trained);
  }
}

/** Clips, updates, and returns the norm before clipping where there is one. */
function update(
  optimizer: Optimizer,
  trained: readonly NamedParameter[],
  { learningRate, maxGradNorm }: TrainStepOptions,
): number | undefined {
  if (maxGradNorm === undefined) {
    optimizer.step(learningRate);
    return undefined;
  }
  const norm = gradientNorm(trained);
  // Clipping takes the same buffers whatever the factor: 1 stands for one that is not known.
  optimizer.step(learningRate, norm === undefined ? 1 : clipFactor(norm, maxGradNorm));
  return norm;
}

/**
 * Adds the gradients of `weight` · loss of one micro-batch to the parameters and returns the loss, where the backend holds
 * values.
 */
export function forwardBackward(
  model: TrainableModel,
  batch: Batch,
  {
    seed,
    microStep,
    tokens,
    onOutput,
    onGradient,
  }: Omit<TrainStepOptions, 'learningRate' | 'maxGradNorm'> & BackwardOptions,
  weight = 1,
): number | undefined {
  const arranged = model.arrangement?.batch(batch) ?? batch;
  model.checkBatch(arranged);
  const drawn = tokens ?? chooseTokens(model.tokenSelector, batch, seed, microStep);
  const choice = drawn && (model.arrangement?.choice(drawn) ?? drawn);
  return withDeviceBatch(arranged, choice, (deviceBatch) =>
    withStepContext({ training: true, seed, microStep }, () =>
      graphScope(() =>
        scope(() => {
          const output = memoryMeter().inPhase('forward', () => model.call(deviceBatch));
          onOutput?.(output);
          const { loss } = output;
          backward(
            loss,
            withCategory('workspace', () => tensorFrom([weight * (choice?.gradientScale ?? 1)], [])),
            { onGradient },
          );
          return holdsValues() ? loss.item() : undefined;
        }),
      ),
    ),
  );
}

export function releaseGradients(parameters: readonly NamedParameter[]): void {
  for (const [, parameter] of parameters) {
    parameter.gradient?.release();
    parameter.gradient = undefined;
  }
}

function clipsFused(): ConfigurationError {
  return new ConfigurationError([{ key: 'optimizer.fused', message: messages.fusedClips() }], {
    code: 'LEANTUNE_FUSED_CLIPPING',
    remedy: messages.fusedClipsRemedy(),
  });
}
