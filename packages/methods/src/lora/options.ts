import { z } from 'zod';

/** What a name of one projection means where a matrix stands for all three, for descriptions of options. */
export const fusedProjection =
  'on GPT-2 attention.query, attention.key and attention.value each name the one matrix of all three (c_attn)';

/** Options of low-rank updates, which several methods share. */
export const loraOptions = z.object({
  rank: z.int().min(1).default(8).describe('rank of the update'),
  alpha: z
    .number()
    .positive()
    .default(16)
    .describe('scaling numerator: the update is scaled by alpha / rank (PEFT starts from 8)'),
  dropout: z.number().min(0).max(0.999).default(0).describe('dropout on the input of the update'),
  targets: z
    .union([z.array(z.string()).min(1), z.literal('all-linear')])
    .default(['attention.query', 'attention.value'])
    .describe(`sites that get an update, or all-linear: every linear site but the head; ${fusedProjection}`),
  rankStabilized: z.boolean().default(false).describe('scale by alpha / √rank (rsLoRA)'),
});

export type LoraOptions = z.output<typeof loraOptions>;
