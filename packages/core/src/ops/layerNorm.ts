import { differentiable } from '../autograd/differentiable.js';
import { savingPolicy } from '../autograd/policy.js';
import type { NormKept } from '../kernels/fusedNorm.js';
import { affine, layerNormForward, layerNormGradients } from '../kernels/layerNorm.js';
import { sum } from '../kernels/reduce.js';
import { toMatrix } from '../kernels/shape.js';
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
    const lean = savingPolicy() === 'lean';
    const { normalised, rstd, mean, output } = layerNormForward(x, weight, bias, epsilon, lean && context.recording);
    for (const tensor of [mean, rstd, normalised]) if (tensor !== undefined) tensor.selection = x.selection;

    const restore = context.needs('x') || context.needs('weight') ? save() : undefined;
    const recipe = normalised && {
      sources: [normalised],
      compute: ([value]: readonly Tensor[]) => affine(value!, weight, bias),
    };
    return {
      output: output(),
      ...(recipe && { recipe }),
      backward: (gradOutput) => {
        if (restore === undefined) return { bias: sum(toMatrix(gradOutput), [0]) };
        const needs = { x: context.needs('x'), weight: context.needs('weight'), bias: context.needs('bias') };
        return { ...layerNormGradients(gradOutput, weight, restore(), needs) };
      },
    };

    function save(): () => NormKept {
      const savedRstd = context.save(rstd);
      // The gain is read again: a computed one must live until then.
      if (context.needs('x')) context.saveWhole(weight);
      if (lean) {
        const savedNormalised = context.save(normalised!);
        return () => ({ normalised: savedNormalised.get(), rstd: savedRstd.get() });
      }
      const savedX = context.save(x);
      const savedMean = context.save(mean!);
      return () => ({ x: savedX.get(), mean: savedMean.get(), rstd: savedRstd.get() });
    }
  });
}
