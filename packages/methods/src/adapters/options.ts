import { activationName, type ActivationName } from '@leantune/models';
import { z } from 'zod';

/** Options that the adapters of the `adapters` library share, with a method's own defaults. */
export function adapterOptions(defaults: { reduction: number; activation: ActivationName; scale: number }) {
  return z.object({
    reduction: z
      .number()
      .min(1)
      .default(defaults.reduction)
      .describe('hidden size over the width of the bottleneck (rounded down, at least 1)'),
    activation: activationName.default(defaults.activation).describe('activation inside the bottleneck'),
    scale: z.number().positive().default(defaults.scale).describe("factor on the adapter's output"),
  });
}
