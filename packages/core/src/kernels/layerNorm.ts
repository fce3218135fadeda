import type { Tensor } from '../tensor/tensor.js';
import { consume } from './dispatch.js';
import { add, multiply, reciprocalSquareRoot, square, subtract } from './elementwise.js';
import {
  fusedAffine,
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
 * x̂ = (x - mean) · rstd, y = x̂ · weight + bias over the last axis, rstd = 1/√(var + ε) with the biased variance; nothing is
 * recorded here. x̂ may be missing where it is not wanted.
 */
export function layerNormForward(
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  epsilon: number,
  wantsNormalised: boolean,
): NormForward {
  const fused = fusedNorm({ x, weight, bias }, epsilon, wantsNormalised);
  if (fused !== undefined) return fused;
  const last = x.shape.length - 1;
  const rowMean = mean(x, [last], true, statisticsStorage(x)); // [..., 1]
  const centred = subtract(x, rowMean);
  const variance = consume(mean(consume(square(centred)), [last], true));
  const rstd = reciprocalSquareRoot(consume(add(variance, epsilon))); // [..., 1]
  const normalised = multiply(consume(centred), rstd, x.storageDtype);
  return { output: () => affine(normalised, weight, bias), normalised, rstd, mean: rowMean };
}

/** x̂ · weight + bias */
export function affine(normalised: Tensor, weight: Tensor, bias: Tensor): Tensor {
  return fusedAffine(normalised, weight, bias) ?? add(consume(multiply(normalised, weight)), bias);
}

/**
 * For g = gradOutput · weight: x gets rstd · (g - mean(g) - x̂ · mean(g · x̂)), the weight Σ gradOutput · x̂ and the bias
 * Σ gradOutput over all rows.
 */
export function layerNormGradients(
  gradOutput: Tensor,
  weight: Tensor,
  kept: NormKept,
  needs: NormNeeds,
): NormGradients {
  const fused = fusedNormGradients(gradOutput, weight, kept, needs, true);
  if (fused !== undefined) return fused;
  const { rstd, x, mean: rowMean } = kept;
  const normalised = kept.normalised ?? multiply(consume(subtract(x!, rowMean!)), rstd!, x!.storageDtype);
  return {
    bias: needs.bias ? sum(toMatrix(gradOutput), [0]) : undefined,
    weight: needs.weight ? sum(consume(toMatrix(consume(multiply(gradOutput, normalised)))), [0]) : undefined,
    x: needs.x ? inputGradient(multiply(gradOutput, weight), normalised, rstd!) : undefined,
  };
}

/** Consumes `grad`, the gradient of x̂. */
function inputGradient(grad: Tensor, normalised: Tensor, rstd: Tensor): Tensor {
  const last = grad.shape.length - 1;
  const storage = grad.storageDtype;
  const statistics = statisticsStorage(grad);
  const weight = consume(mean(consume(multiply(grad, normalised)), [last], true, statistics));
  const projection = consume(multiply(normalised, weight));
  const centre = consume(mean(grad, [last], true, statistics));
  const centred = consume(subtract(consume(grad), centre));
  return multiply(consume(subtract(centred, projection)), rstd, storage);
}
