import { differentiable } from '../autograd/differentiable.js';
import { consume } from '../kernels/dispatch.js';
import { add, divide, multiply } from '../kernels/elementwise.js';
import { sum } from '../kernels/reduce.js';
import { toMatrix } from '../kernels/shape.js';
import type { Tensor } from '../tensor/tensor.js';

export interface ScaleFeaturesOptions {
  /** What the factors are divided by: constants, [features]. */
  readonly divisor?: Tensor | undefined;
  /** Added afterwards: [features]. */
  readonly shift?: Tensor | undefined;
}

/**
 * y = x ∘ (factors / divisor) + shift, feature by feature.
 *
 * Saves: x (its selected rows, or its recipe) if the factors are trained, and the divisor; the factors if x needs a
 * gradient, which counts only where they are computed and no parameter.
 * @param x [..., features]
 * @param factors [features]
 */
export function scaleFeatures(x: Tensor, factors: Tensor, { divisor, shift }: ScaleFeaturesOptions = {}): Tensor {
  return differentiable('scaleFeatures', { x, factors, shift }, (context) => {
    const savedX = context.needs('factors') ? context.save(x) : undefined;
    const savedFactors = context.needs('x') ? context.saveWhole(factors) : undefined;
    const savedDivisor = divisor && context.recording ? context.saveWhole(divisor) : undefined;
    const product = scaled(x, factors, divisor);
    return {
      output: shift === undefined ? product : add(consume(product), shift),
      backward: (gradOutput) => ({
        factors: savedX && divided(factorsGradient(gradOutput, savedX.get()), savedDivisor?.get()),
        x: savedFactors && scaled(gradOutput, savedFactors.get(), savedDivisor?.get()),
        shift: context.needs('shift') ? sum(toMatrix(gradOutput), [0]) : undefined,
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
