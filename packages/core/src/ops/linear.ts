import { differentiable } from '../autograd/differentiable.js';
import { add } from '../kernels/elementwise.js';
import { consume } from '../kernels/dispatch.js';
import { matMul } from '../kernels/linearAlgebra.js';
import { sum } from '../kernels/reduce.js';
import { reshape, toMatrix } from '../kernels/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/**
 * y = x Wᵀ + b, as torch.nn.functional.linear.
 *
 * Saves: x (its selected rows, or its recipe) if the weight is trained; the weight if x needs a gradient, which counts
 * only where the weight is computed and no parameter.
 * @param x [..., in]
 * @param weight [out, in]
 * @param bias [out]
 * @returns [..., out]
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  return differentiable('linear', { x, weight, bias }, (context) => {
    const [outFeatures, inFeatures] = weight.shape as [number, number];
    const product = matMul(toMatrix(x), weight, { transposeB: true }); // [rows, out]
    const biased = bias === undefined ? product : add(consume(product), bias);
    const output = reshape(consume(biased), [...x.shape.slice(0, -1), outFeatures]);
    const savedX = context.needs('weight') ? context.save(x) : undefined;
    const savedWeight = context.needs('x') ? context.saveWhole(weight) : undefined;
    return {
      output,
      backward: (gradOutput) => {
        const grad = toMatrix(gradOutput); // [rows, out]
        const rowShape = gradOutput.shape.slice(0, -1);
        return {
          weight: savedX && matMul(grad, toMatrix(savedX.get()), { transposeA: true }), // [out, in]
          bias: context.needs('bias') ? sum(grad, [0]) : undefined,
          x: savedWeight && reshape(consume(matMul(grad, savedWeight.get())), [...rowShape, inFeatures]),
        };
      },
    };
  });
}
