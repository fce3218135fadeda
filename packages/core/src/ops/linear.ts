import { differentiable } from '../autograd/differentiable.js';
import { consume } from '../kernels/dispatch.js';
import { biasedMatMul, matMul } from '../kernels/linearAlgebra.js';
import { sum } from '../kernels/reduce.js';
import { reshape, toMatrix } from '../kernels/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { forProduct } from './cast.js';

/** How a weight lies: [out, in] as PyTorch's Linear, or [in, out] as GPT-2's Conv1D. */
export type WeightLayout = 'out-in' | 'in-out';

/**
 * y = x Wᵀ + b, as torch.nn.functional.linear; x W + b for a weight that lies [in, out].
 *
 * Saves: x (its selected rows, or its recipe) if the weight is trained; the weight if x needs a gradient, which counts
 * only where the weight is computed and no parameter.
 * @param x [..., in]
 * @param weight [out, in], or [in, out] by `layout`
 * @param bias [out]
 * @returns [..., out]
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor, layout: WeightLayout = 'out-in'): Tensor {
  [x, weight, bias] = forProduct(x, weight, bias);
  return differentiable('linear', { x, weight, bias }, (context) => {
    const outFirst = layout === 'out-in';
    const [outFeatures, inFeatures] = (outFirst ? weight.shape : [...weight.shape].reverse()) as [number, number];
    const product = biasedMatMul(toMatrix(x), weight, bias, outFirst); // [rows, out]
    const output = reshape(consume(product), [...x.shape.slice(0, -1), outFeatures]);
    const savedX = context.needs('weight') ? context.save(x) : undefined;
    const savedWeight = context.needs('x') ? context.saveWhole(weight) : undefined;
    return {
      output,
      backward: (gradOutput) => {
        const grad = toMatrix(gradOutput); // [rows, out]
        const rowShape = gradOutput.shape.slice(0, -1);
        return {
          weight: savedX && weightGradient(grad, toMatrix(savedX.get())),
          bias: context.needs('bias') ? sum(grad, [0]) : undefined,
          x:
            savedWeight &&
            reshape(consume(matMul(grad, savedWeight.get(), { transposeB: !outFirst })), [...rowShape, inFeatures]),
        };
      },
    };

    /** gradᵀ x [out, in], or its transpose. */
    function weightGradient(grad: Tensor, rows: Tensor): Tensor {
      return outFirst ? matMul(grad, rows, { transposeA: true }) : matMul(rows, grad, { transposeA: true });
    }
  });
}
