import type { Tensor } from '../tensor/tensor.js';
import { consume } from './dispatch.js';
import { add, multiply, reciprocalSquareRoot, square, subtract } from './elementwise.js';
import {
  fusedNorm,
  fusedNormGradients,
  type NormForward,
  type NormGradients,
  type NormKept,
  type NormNeeds,
} from './fusedNorm.js';
import { mean, sum } from './reduce.js';
import { toMatrix } from './shape.js';
import { statisticsStorage } from './storage.js';

/**
 * x̂ = x · rstd, y = x̂ · weight over the last axis, rstd = 1/√(mean(x²) + ε); nothing is recorded here. x̂ may be missing
 * where it is not wanted.
 */
export function rmsNormForward(x: Tensor, weight: Tensor, epsilon: number, wantsNormalised: boolean): NormForward {
  const fused = fusedNorm({ x, weight }, epsilon, wantsNormalised);
  if (fused !== undefined) return fused;
  const last = x.shape.length - 1;
  const meanSquare = consume(mean(consume(square(x, statisticsStorage(x))), [last], true)); // [..., 1]
  const rstd = reciprocalSquareRoot(consume(add(meanSquare, epsilon)));
  const normalised = multiply(x, rstd, x.storageDtype);
  return { output: () => multiply(normalised, weight), normalised, rstd, mean: undefined };
}

/** For g = gradOutput · weight: x gets rstd · (g - x̂ · mean(g · x̂)), the weight Σ gradOutput · x̂ over all rows. */
export function rmsNormGradients(
  gradOutput: Tensor,
  weight: Tensor,
  kept: NormKept,
  needs: Omit<NormNeeds, 'bias'>,
): NormGradients {
  const fused = fusedNormGradients(gradOutput, weight, kept, { ...needs, bias: false }, false);
  if (fused !== undefined) return fused;
  const { rstd, x } = kept;
  const normalised = kept.normalised ?? multiply(x!, rstd!, x!.storageDtype);
  return {
    weight: needs.weight ? sum(consume(toMatrix(consume(multiply(gradOutput, normalised)))), [0]) : undefined,
    x: needs.x ? inputGradient(multiply(gradOutput, weight), normalised, rstd!) : undefined,
  };
}

/** Consumes `grad`, the gradient of x̂. */
function inputGradient(grad: Tensor, normalised: Tensor, rstd: Tensor): Tensor {
  const last = grad.shape.length - 1;
  const storage = grad.storageDtype;
  const weight = consume(mean(consume(multiply(grad, normalised)), [last], true, statisticsStorage(grad)));
  const projection = consume(multiply(normalised, weight));
  return multiply(consume(subtract(consume(grad), projection)), rstd, storage);
}
