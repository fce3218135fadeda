import { withAutocast } from '../autograd/autocast.js';
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
import type { LossScaler } from './lossScaler.js';
import type { ModelOutput, TokenChoice, TrainableModel } from './model.js';
import { chooseTokens, withDeviceBatch } from './toDevice.js';

export interface TrainStepOptions {
  readonly seed: number;
  /** Micro-batches since the start of training. */
  readonly microStep: number;
  readonly learningRate: number;
  /** Clip the global gradient norm to this; absent: no clipping and no norm. */
  readonly maxGradNorm?: number | undefined;
  /** Scales the loss, and skips the update where gradients overflow. Not with a fused optimiser. */
  readonly lossScaler?: LossScaler | undefined;
  /** Tokens given instead of drawn (reference cases). */
  readonly tokens?: TokenChoice | undefined;
  /** Sees the output of each forward pass while it is alive. */
  readonly onOutput?: ((output: ModelOutput) => void) | undefined;
}

export interface TrainStepResult {
  /** Mean of the micro-batches' losses; absent on a backend without values. */
  readonly loss?: number;
  /** Norm before clipping; absent without clipping or loss scaling, after an overflow, and on a backend without values. */
  readonly gradientNorm?: number;
  /** Gradients overflowed under loss scaling: nothing was updated. */
  readonly skipped?: true;
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
  const { learningRate, maxGradNorm, lossScaler } = options;
  if (optimizer.fused === true && maxGradNorm !== undefined) throw needsAllGradients(messages.fusedClips());
  if (optimizer.fused === true && lossScaler !== undefined) throw needsAllGradients(messages.fusedScales());
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
      const weight = (lossScaler?.scale ?? 1) / microBatches.length;
      return forwardBackward(model, batch, { ...options, microStep, onGradient }, weight);
    });
    const updated = memoryMeter().inPhase('update', () => update(optimizer, trained, options));
    const known = losses.filter((loss) => loss !== undefined);
    return {
      ...(known.length === losses.length && { loss: known.reduce((sum, loss) => sum + loss / losses.length, 0) }),
      ...updated,
    };
  } finally {
    releaseGradients(trained);
  }
}

/** Takes the factor of the loss out of the gradients, clips and updates them; tells the norm before clipping. */
function update(
  optimizer: Optimizer,
  trained: readonly NamedParameter[],
  { learningRate, maxGradNorm, lossScaler }: TrainStepOptions,
): Pick<TrainStepResult, 'gradientNorm' | 'skipped'> {
  if (maxGradNorm === undefined && lossScaler === undefined) {
    optimizer.step(learningRate);
    return {};
  }
  const scaledNorm = gradientNorm(trained);
  if (scaledNorm === undefined) {
    // Scaling takes the same buffers whatever the factor: 1 stands for one that is not known.
    optimizer.step(learningRate, 1);
    return {};
  }
  const lossScale = lossScaler?.scale ?? 1;
  const overflowed = lossScaler !== undefined && !Number.isFinite(scaledNorm);
  lossScaler?.update(overflowed);
  if (overflowed) return { skipped: true };
  const norm = scaledNorm / lossScale;
  optimizer.step(learningRate, (maxGradNorm === undefined ? 1 : clipFactor(norm, maxGradNorm)) / lossScale);
  return { gradientNorm: norm };
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
  }: Omit<TrainStepOptions, 'learningRate' | 'maxGradNorm' | 'lossScaler'> & BackwardOptions,
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
          const output = memoryMeter().inPhase('forward', () =>
            withAutocast(model.autocast, () => model.call(deviceBatch)),
          );
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

function needsAllGradients(message: string): ConfigurationError {
  return new ConfigurationError([{ key: 'optimizer.fused', message }], {
    code: 'LEANTUNE_FUSED_OPTIMIZER',
    remedy: messages.fusedRemedy(),
  });
}
