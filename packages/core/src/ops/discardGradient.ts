import { differentiable } from '../autograd/differentiable.js';
import { reshape } from '../kernels/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/**
 * x, whose gradient is computed and thrown away: what stands above it keeps for the backward pass what it keeps for a
 * trained input. Saves nothing.
 * @param anchor a value that requires a gradient, whose own gradient does not change
 */
export function discardGradient(x: Tensor, anchor: Tensor): Tensor {
  return differentiable('discardGradient', { anchor }, () => ({
    output: reshape(x, x.shape),
    selection: x.selection,
    backward: () => ({}),
  }));
}
