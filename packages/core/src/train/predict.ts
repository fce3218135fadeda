import { withAutocast } from '../autograd/autocast.js';
import { noGrad } from '../autograd/gradMode.js';
import type { Batch } from '../data/batch.js';
import { withStepContext } from '../modules/context.js';
import { RandomStream } from '../random/stream.js';
import { memoryMeter } from '../tensor/runtime.js';
import { scope } from '../tensor/scope.js';
import type { TokenChoice, TrainableModel } from './model.js';
import { withDeviceBatch } from './toDevice.js';

export interface Prediction {
  readonly loss: number;
  readonly logits: Float32Array;
  readonly shape: readonly number[];
  /** Last hidden states as the head received them, where the model gives them. */
  readonly hidden?: Float32Array;
}

export interface PredictOptions {
  /** The tokens whose outputs are wanted, where a model has one for each: `logits` and `loss` are theirs. Default: all. */
  readonly tokens?: TokenChoice;
}

/** The model's output for one batch in evaluation mode: no dropout, no gradients, every token. */
export function predict(model: TrainableModel, batch: Batch, { tokens }: PredictOptions = {}): Prediction {
  const own = model.evaluationArrangement?.(batch, new RandomStream(0, 'evaluation')) ?? batch;
  const arranged = model.arrangement?.batch(own) ?? own;
  model.checkBatch(arranged);
  return withStepContext({ training: false, seed: 0, microStep: 0 }, () =>
    withDeviceBatch(arranged, tokens && (model.arrangement?.choice(tokens) ?? tokens), (deviceBatch) =>
      memoryMeter().inPhase('evaluation', () =>
        noGrad(() =>
          scope(() => {
            const { loss, logits, hidden } = withAutocast(model.autocast, () => model.call(deviceBatch));
            const values = { loss: loss.item(), logits: Float32Array.from(logits.read()), shape: logits.shape };
            return hidden === undefined ? values : { ...values, hidden: Float32Array.from(hidden.read()) };
          }),
        ),
      ),
    ),
  );
}
