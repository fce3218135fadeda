import { differentiable } from '../autograd/differentiable.js';
import { savingPolicy } from '../autograd/policy.js';
import { multiply } from '../kernels/elementwise.js';
import type { NormKept } from '../kernels/fusedNorm.js';
import { rmsNormForward, rmsNormGradients } from '../kernels/rmsNorm.js';
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
    const keepsNormalised = context.recording && (context.needs('weight') || savingPolicy() === 'lean');
    const { normalised, rstd, output } = rmsNormForward(x, weight, epsilon, keepsNormalised);
    for (const tensor of [rstd, normalised]) if (tensor !== undefined) tensor.selection = x.selection;

    const restore = context.recording ? save() : undefined;
    const recipe = normalised && {
      sources: [normalised],
      compute: ([value]: readonly Tensor[]) => multiply(value!, weight),
    };
    return {
      output: output(),
      ...(recipe && { recipe }),
      backward: (gradOutput) => {
        const needs = { x: context.needs('x'), weight: context.needs('weight') };
        return { ...rmsNormGradients(gradOutput, weight, restore!(), needs) };
      },
    };

    function save(): () => NormKept {
      const savedRstd = context.needs('x') ? context.save(rstd) : undefined;
      const savedX = savingPolicy() === 'pytorch' && context.needs('x') ? context.save(x) : undefined;
      const savedNormalised = keepsNormalised ? context.save(normalised!) : undefined;
      // The gain is read again: a computed one must live until then.
      if (context.needs('x')) context.saveWhole(weight);
      return () => ({ rstd: savedRstd?.get(), x: savedX?.get(), normalised: savedNormalised?.get() });
    }
  });
}
