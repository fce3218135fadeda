import { differentiable } from '../autograd/differentiable.js';
import { consume } from '../kernels/dispatch.js';
import { multiply } from '../kernels/elementwise.js';
import { sum } from '../kernels/reduce.js';
import { reshape } from '../kernels/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/** factor · x for a factor [1] that is trained. Saves: x (its selected rows) where the factor is trained. */
export function scaleBy(x: Tensor, factor: Tensor): Tensor {
  return differentiable('scaleBy', { x, factor }, (context) => {
    const savedX = context.needs('factor') ? context.save(x) : undefined;
    const savedFactor = context.needs('x') ? context.saveWhole(factor) : undefined;
    return {
      output: multiply(x, factor),
      selection: x.selection,
      backward: (gradOutput) => ({
        x: savedFactor && multiply(gradOutput, savedFactor.get()),
        factor: savedX && reshape(consume(sum(consume(multiply(gradOutput, savedX.get())))), [1]),
      }),
    };
  });
}
