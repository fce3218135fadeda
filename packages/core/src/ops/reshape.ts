import { differentiable } from '../autograd/differentiable.js';
import { LeantuneError } from '../errors/errors.js';
import * as kernels from '../kernels/shape.js';
import { messages } from '../messages.js';
import type { Tensor } from '../tensor/tensor.js';

/** The same values in another shape; a view. Saves nothing. */
export function reshape(x: Tensor, shape: readonly number[]): Tensor {
  if (x.selection !== undefined) {
    throw new LeantuneError(messages.selectionUnsupported('reshape'), { code: 'LEANTUNE_SELECTION' });
  }
  return differentiable('reshape', { x }, () => ({
    output: kernels.reshape(x, shape),
    backward: (gradOutput) => ({ x: kernels.reshape(gradOutput, x.shape) }),
  }));
}
