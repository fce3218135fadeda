import { differentiable } from '../autograd/differentiable.js';
import { consume } from '../kernels/dispatch.js';
import { biasedMatMul, matMul } from '../kernels/linearAlgebra.js';
import { sum } from '../kernels/reduce.js';
import { reshape, toMatrix } from '../kernels/shape.js';
import type { Nf4Weight } from '../quantization/nf4Weight.js';
import type { Tensor } from '../tensor/tensor.js';
import { forProduct } from './cast.js';

/**
 * y = x Wᵀ + b for a frozen weight that is held in 4 bits (Dettmers et al. 2023, "QLoRA", equation 5). The weight's numbers
 * exist while the product is computed, in the forward and again in the backward pass, held as x is.
 *
 * Saves: nothing.
 * @param x [..., in]
 * @param weight [out, in]
 * @param bias [out]
 * @returns [..., out]
 */
export function dequantizingLinear(x: Tensor, weight: Nf4Weight, bias?: Tensor): Tensor {
  [x, bias] = forProduct(x, bias);
  return differentiable('dequantizingLinear', { x, bias }, (context) => {
    const [outFeatures, inFeatures] = weight.shape;
    const numbers = () => consume(weight.dequantize(x.storageDtype));
    const product = biasedMatMul(toMatrix(x), numbers(), bias, true); // [rows, out]
    return {
      output: reshape(consume(product), [...x.shape.slice(0, -1), outFeatures]),
      backward: (gradOutput) => {
        const grad = toMatrix(gradOutput); // [rows, out]
        return {
          bias: context.needs('bias') ? sum(grad, [0]) : undefined,
          x: context.needs('x')
            ? reshape(consume(matMul(grad, numbers())), [...gradOutput.shape.slice(0, -1), inFeatures])
            : undefined,
        };
      },
    };
  });
}
