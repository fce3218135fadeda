import { differentiable } from '../autograd/differentiable.js';
import { savingPolicy } from '../autograd/policy.js';
import { consume } from '../kernels/dispatch.js';
import { add, multiply, reciprocalSquareRoot, square, subtract } from '../kernels/elementwise.js';
import { mean, sum } from '../kernels/reduce.js';
import { toMatrix } from '../kernels/shape.js';
import { statisticsStorage } from '../kernels/storage.js';
import type { Tensor } from '../tensor/tensor.js';
import { forStatistics } from './cast.js';

/**
 * y = x · rstd · weight over the last axis, rstd = 1/√(mean(x²) + ε) (Zhang and Sennrich 2019; Llama's RMSNorm).
 *
 * Saves under `pytorch` what Hugging Face's formula keeps: x and rstd, and the normalised value where the gain is
 * trained; under `lean`: the normalised value and rstd, and consumers recompute y from the normalised value.
 * @param x [batch, length, features]
 * @param weight [features]
 */
export function rmsNorm(x: Tensor, weight: Tensor, epsilon: number): Tensor {
  x = forStatistics(x);
  return differentiable('rmsNorm', { x, weight }, (context) => {
    const last = x.shape.length - 1;
    const storage = x.storageDtype;
    const meanSquare = consume(mean(consume(square(x, statisticsStorage(x))), [last], true)); // [..., 1]
    const rstd = reciprocalSquareRoot(consume(add(meanSquare, epsilon)));
    const normalised = multiply(x, rstd, storage);
    const gained = (value: Tensor) => multiply(value, weight);
    for (const tensor of [rstd, normalised]) tensor.selection = x.selection;

    const restore = context.recording ? save() : undefined;
    return {
      output: gained(normalised),
      recipe: { sources: [normalised], compute: ([value]) => gained(value!) },
      backward: (gradOutput) => {
        const kept = restore!();
        return {
          weight: context.needs('weight')
            ? sum(consume(toMatrix(consume(multiply(gradOutput, kept.normalised())))), [0])
            : undefined,
          x: context.needs('x')
            ? inputGradient(multiply(gradOutput, weight), kept.normalised(), kept.rstd())
            : undefined,
        };
      },
    };

    function save(): () => { normalised: () => Tensor; rstd: () => Tensor } {
      const savedRstd = context.needs('x') ? context.save(rstd) : undefined;
      const savedX = savingPolicy() === 'pytorch' && context.needs('x') ? context.save(x) : undefined;
      const savedNormalised =
        context.needs('weight') || savingPolicy() === 'lean' ? context.save(normalised) : undefined;
      // The gain is read again: a computed one must live until then.
      if (context.needs('x')) context.saveWhole(weight);
      return () => ({
        rstd: () => savedRstd!.get(),
        normalised: () => savedNormalised?.get() ?? multiply(savedX!.get(), savedRstd!.get(), storage),
      });
    }
  });
}

/** Consumes `grad`. rstd · (g - x̂ · mean(g · x̂)) for g = gradient of the normalised value x̂. */
function inputGradient(grad: Tensor, normalised: Tensor, rstd: Tensor): Tensor {
  const last = grad.shape.length - 1;
  const storage = grad.storageDtype;
  const weight = consume(mean(consume(multiply(grad, normalised)), [last], true, statisticsStorage(grad)));
  const projection = consume(multiply(normalised, weight));
  return multiply(consume(subtract(consume(grad), projection)), rstd, storage);
}
