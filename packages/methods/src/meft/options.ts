import { rightShiftOf } from '@leantune/core';
import { activationName } from '@leantune/models';
import { z } from 'zod';
import { messages } from '../messages.js';

/** The three architectures of the paper by what F and G are. */
export type MeftVariant = 'meft1' | 'meft2' | 'meft3';

/** Factors of the published scripts. */
const published: Readonly<Record<MeftVariant, { readonly lambda: number; readonly beta: number }>> = {
  meft1: { lambda: 0.1, beta: 1 },
  meft2: { lambda: 1, beta: 0.1 },
  meft3: { lambda: 0.1, beta: 0.1 },
};

/** What stands for 0.1 where factors must be powers of two. */
const exactFactor = 2 ** -3;

/** Factor on the other stream where the user gives none. */
export const defaultCombineScale = 0.1;

/** Factors where the user gives none. */
export function defaultFactors(variant: MeftVariant, gradient: string): { lambda: number; beta: number } {
  const { lambda, beta } = published[variant];
  if (gradient !== 'exact') return { lambda, beta };
  return { lambda: lambda === 1 ? 1 : exactFactor, beta: beta === 1 ? 1 : exactFactor };
}

export function meftOptions(variant: MeftVariant) {
  const { lambda, beta } = published[variant];
  const exact = defaultFactors(variant, 'exact');
  const factor = (what: string, value: number, exactly: number) =>
    z
      .number()
      .positive()
      .optional()
      .describe(`factor on ${what} (default ${value}${exactly === value ? '' : `; ${exactly} with gradient=exact`})`);
  return z
    .object({
      width: z.int().min(1).default(8).describe('features inside each adapter; rank with adapter=lora'),
      lambda: factor('the first stream', lambda, exact.lambda),
      beta: factor('the second stream', beta, exact.beta),
      gradient: z
        .enum(['reversible', 'vanilla', 'exact'])
        .default('reversible')
        .describe(
          'inputs are reconstructed as published, kept as in ordinary training, or reconstructed exactly to the bit',
        ),
      reversibleLayers: z.int().min(1).optional().describe('number of reversible layers in each stack (default: all)'),
      placement: z
        .enum(['all', 'lower', 'top-with-frozen-lower'])
        .optional()
        .describe(
          'all; the lower ones, with ordinary gradients above; or the upper ones, on plain frozen layers (default: all, or lower with reversibleLayers)',
        ),
      activation: activationName.optional().describe("activation inside the adapters (default: the model's own)"),
      adapter: z
        .enum(['bottleneck', 'lora'])
        .default('bottleneck')
        .describe('what adapts the pretrained layer; lora: updates of its query and value projections'),
      combine: z
        .enum(['mean', 'sum', 'concat', 'learned'])
        .optional()
        .describe(
          'how the streams become one: their mean, the main one plus combineScale of the other, a trained linear layer of both, or a trained factor on the other (default: mean; sum for OPT, learned for Llama)',
        ),
      combineScale: z
        .number()
        .default(defaultCombineScale)
        .describe('factor on the other stream where combine is sum; no other value fits elsewhere'),
      reference: z
        .boolean()
        .default(false)
        .describe(
          "the published code's habits: with frozen lower layers only the lower half of the others, which must be an even number, is reversible; in mixed precision layers run again in float32",
        ),
    })
    .superRefine((options, context) => {
      const refuse = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
      if (options.gradient === 'exact') {
        for (const name of ['lambda', 'beta'] as const) {
          const value = options[name];
          if (value !== undefined && rightShiftOf(value) === undefined) {
            refuse(name, messages.notPowerOfTwo(nearestPowerOfTwo(value)));
          }
        }
      }
      if (options.placement === 'all' && options.reversibleLayers !== undefined) {
        refuse('placement', messages.allAndSome());
      }
      const { reversibleLayers: layers } = options;
      if (
        options.reference &&
        options.placement === 'top-with-frozen-lower' &&
        layers !== undefined &&
        layers % 2 === 1
      ) {
        refuse('reversibleLayers', messages.oddHalves(layers + 1));
      }
    });
}

export type MeftOptions = z.output<ReturnType<typeof meftOptions>>;

/** Nearest of 1, 1/2, …, 2^-15 on a logarithmic scale. */
function nearestPowerOfTwo(value: number): number {
  return 2 ** -Math.min(15, Math.max(0, Math.round(-Math.log2(value))));
}
