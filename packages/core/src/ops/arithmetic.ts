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

/**
 * Elementwise a · b of equal shapes (gated feed-forward blocks). Saves both where the other one needs a gradient; under
 * `lean` consumers recompute the product.
 */
export function multiply(a: Tensor, b: Tensor): Tensor {
  return differentiable('multiply', { a, b }, (context) => {
    const savedA = context.needs('b') ? context.save(a) : undefined;
    const savedB = context.needs('a') ? context.save(b) : undefined;
    return {
      output: kernels.multiply(a, b),
      recipe: { sources: [a, b], compute: ([first, second]) => kernels.multiply(first!, second!) },
      backward: (gradOutput) => ({
        a: savedB && kernels.multiply(gradOutput, savedB.get()),
        b: savedA && kernels.multiply(gradOutput, savedA.get()),
      }),
    };
  });
}
