import { differentiable } from '../autograd/differentiable.js';
import { consume } from '../kernels/dispatch.js';
import { divide, multiply } from '../kernels/elementwise.js';
import { sum } from '../kernels/reduce.js';
import { toMatrix } from '../kernels/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/**
 * y = x ∘ (factors / divisor), feature by feature; the divisor is a constant.
 *
 * Saves: x (its selected rows, or its recipe) if the factors are trained, and the divisor; the factors if x needs a
 * gradient, which counts only where they are computed and no parameter.
 * @param x [..., features]
 * @param factors [features]
 * @param divisor [features]
 */
export function scaleFeatures(x: Tensor, factors: Tensor, divisor?: Tensor): Tensor {
  return differentiable('scaleFeatures', { x, factors }, (context) => {
    const savedX = context.needs('factors') ? context.save(x) : undefined;
    const savedFactors = context.needs('x') ? context.saveWhole(factors) : undefined;
    const savedDivisor = divisor && context.recording ? context.saveWhole(divisor) : undefined;
    return {
      output: scaled(x, factors, divisor),
      backward: (gradOutput) => ({
        factors: savedX && divided(factorsGradient(gradOutput, savedX.get()), savedDivisor?.get()),
        x: savedFactors && scaled(gradOutput, savedFactors.get(), savedDivisor?.get()),
      }),
    };
  });
}

function scaled(x: Tensor, factors: Tensor, divisor: Tensor | undefined): Tensor {
  return multiply(x, divisor === undefined ? factors : consume(divide(factors, divisor)));
}

function divided(x: Tensor, divisor: Tensor | undefined): Tensor {
  return divisor === undefined ? x : divide(consume(x), divisor);
}

/** Σ of gradient ∘ x over all rows: [features]. */
function factorsGradient(gradOutput: Tensor, x: Tensor): Tensor {
  return sum(consume(toMatrix(consume(multiply(gradOutput, x)))), [0]);
}
