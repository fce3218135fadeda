import { differentiable } from '../autograd/differentiable.js';
import * as kernels from '../kernels/elementwise.js';
import type { Tensor } from '../tensor/tensor.js';

/** a + b of equal shapes (residual connections). Saves nothing. */
export function add(a: Tensor, b: Tensor): Tensor {
  return differentiable('add', { a, b }, () => ({
    output: kernels.add(a, b),
    backward: (gradOutput) => ({ a: gradOutput, b: gradOutput }),
  }));
}

/** factor · x for a constant factor. Saves nothing. */
export function scale(x: Tensor, factor: number): Tensor {
  return differentiable('scale', { x }, () => ({
    output: kernels.multiply(x, factor),
    backward: (gradOutput) => ({ x: kernels.multiply(gradOutput, factor) }),
  }));
}
