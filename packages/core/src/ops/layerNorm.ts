import { differentiable } from '../autograd/differentiable.js';
import { savingPolicy } from '../autograd/policy.js';
import { add, multiply, reciprocalSquareRoot, square, subtract } from '../kernels/elementwise.js';
import { consume } from '../kernels/dispatch.js';
import { mean, sum } from '../kernels/reduce.js';
import { toMatrix } from '../kernels/shape.js';
import { statisticsStorage } from '../kernels/storage.js';
import type { Tensor } from '../tensor/tensor.js';
import { forStatistics } from './cast.js';

/**
 * y = (x - mean) · rstd · weight + bias over the last axis, rstd = 1/√(var + ε) with the biased variance
 * (torch.nn.functional.layer_norm).
 *
 * Saves under `pytorch`: x, mean and rstd (float32 whatever x is held as), as native_layer_norm does; under `lean`: the normalised value and rstd,
 * and consumers recompute y from the normalised value. (Recovering it from y instead would divide by the gain,
 * which real checkpoints hold as small as 1e-33.)
 * @param x [batch, length, features]
 * @param weight [features]
 * @param bias [features]
 */
export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): Tensor {
  x = forStatistics(x);
  return differentiable('layerNorm', { x, weight, bias }, (context) => {
    const last = x.shape.length - 1;
    const storage = x.storageDtype;
    const rowMean = mean(x, [last], true, statisticsStorage(x)); // [..., 1]
    const centred = subtract(x, rowMean);
    const variance = consume(mean(consume(square(centred)), [last], true));
    const rstd = reciprocalSquareRoot(consume(add(variance, epsilon))); // [..., 1]
    const normalised = multiply(consume(centred), rstd, storage);
    const affine = (value: Tensor) => add(consume(multiply(value, weight)), bias);
    for (const tensor of [rowMean, rstd, normalised]) tensor.selection = x.selection;

    const restore = context.needs('x') || context.needs('weight') ? saveNormalised() : undefined;
    return {
      output: affine(normalised),
      recipe: { sources: [normalised], compute: ([value]) => affine(value!) },
      backward: (gradOutput) => {
        const kept = restore?.();
        return {
          bias: context.needs('bias') ? sum(toMatrix(gradOutput), [0]) : undefined,
          weight: context.needs('weight')
            ? sum(consume(toMatrix(consume(multiply(gradOutput, kept!.normalised)))), [0])
            : undefined,
          x: context.needs('x') ? inputGradient(multiply(gradOutput, weight), kept!.normalised, kept!.rstd) : undefined,
        };
      },
    };

    function saveNormalised(): () => { normalised: Tensor; rstd: Tensor } {
      const savedRstd = context.save(rstd);
      // The gain is read again: a computed one must live until then.
      if (context.needs('x')) context.saveWhole(weight);
      if (savingPolicy() === 'lean') {
        const savedNormalised = context.save(normalised);
        return () => ({ normalised: savedNormalised.get(), rstd: savedRstd.get() });
      }
      const savedX = context.save(x);
      const savedMean = context.save(rowMean);
      return () => ({
        normalised: multiply(consume(subtract(savedX.get(), savedMean.get())), savedRstd.get(), storage),
        rstd: savedRstd.get(),
      });
    }
  });
}

/** Consumes `grad`. rstd · (g - mean(g) - x̂ · mean(g · x̂)) for g = gradient of the normalised value x̂. */
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
