import { cast, divide, multiply, subtract } from '../kernels/elementwise.js';
import { sum } from '../kernels/reduce.js';
import { reshape } from '../kernels/shape.js';
import { withCategory } from '../tensor/runtime.js';
import { scope } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';

/** The lowest float32, which Hugging Face adds to the scores of hidden keys. */
const LOWEST_FLOAT32 = -3.4028234663852886e38;

/** Attention mask (1 = real) [batch, length] → what is added to attention scores: [batch, 1, 1, length]. */
export function additiveMask(attentionMask: Tensor): Tensor {
  const [batch, length] = attentionMask.shape as [number, number];
  return withCategory('batch', () =>
    scope(() => {
      const hidden = subtract(1, cast(attentionMask, 'float32'));
      return reshape(multiply(hidden, LOWEST_FLOAT32), [batch, 1, 1, length]);
    }),
  );
}

/** Weights of the mean over the tokens where `mask` [batch, length, ...] is 1: [batch, 1, length]. */
export function meanWeights(mask: Tensor): Tensor {
  const [batch, length] = mask.shape as [number, number];
  return withCategory('batch', () =>
    scope(() => {
      const weights = reshape(cast(mask, 'float32'), [batch, 1, length]);
      return divide(weights, sum(weights, [2], true));
    }),
  );
}
