import { differentiable } from '../autograd/differentiable.js';
import { concatenate, slice } from '../kernels/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/** One after another along the last axis: [..., n], [..., m] → [..., n + m]. Saves nothing. */
export function concatenateFeatures(a: Tensor, b: Tensor): Tensor {
  const last = a.shape.length - 1;
  const widths = [a.shape[last]!, b.shape[last]!] as const;
  return differentiable('concatenateFeatures', { a, b }, () => ({
    output: concatenate([a, b], last),
    backward: (gradOutput) => {
      const leading = gradOutput.shape.slice(0, -1);
      const part = (begin: number, width: number) =>
        slice(gradOutput, [...leading.map(() => 0), begin], [...leading, width]);
      return { a: part(0, widths[0]), b: part(widths[0], widths[1]) };
    },
  }));
}
