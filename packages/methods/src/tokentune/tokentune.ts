import { z } from 'zod';
import { defineMethod } from '../contract/method.js';
import { messages } from '../messages.js';
import { groupAsPublished, selectTokens, type TokenCount } from './select.js';

const DEFAULT_TOKENS = 16;

const tokentuneOptions = z
  .object({
    tokens: z.int().min(2).optional().describe(`tokens kept in each row (default ${DEFAULT_TOKENS})`),
    ratio: z.number().gt(0).max(1).optional().describe('share of the real tokens kept, at least 2 tokens'),
    head: z
      .enum(['mean', 'cls'])
      .default('mean')
      .describe('what the pooler reads: the mean over the selected tokens (all real ones in evaluation), or the first'),
    reference: z
      .boolean()
      .default(false)
      .describe("the published code's habits: means over padded slots, groups padded apart"),
  })
  .refine(({ tokens, ratio }) => tokens === undefined || ratio === undefined, {
    error: messages.tokensOrRatio(),
    path: ['ratio'],
  });

/**
 * TokenTune: the forward pass sees every token, only the selected ones keep activations and get gradients. The
 * selection is drawn anew for every micro-batch.
 */
export const tokentune = defineMethod({
  name: 'tokentune',
  summary: 'Back-propagates through a random selection of tokens only.',
  reference:
    'Simoulin et al. 2024, "Memory-Efficient Fine-Tuning of Transformers via Token Selection", section 3, Algorithm 1',
  slots: ['tokens'],
  options: tokentuneOptions,
  supports: (model) => model.kind === 'encoder' || messages.noEncoder(),
  apply: (model, { tokens, ratio, head, reference }) => {
    const count: TokenCount =
      ratio === undefined ? () => tokens ?? DEFAULT_TOKENS : (length) => Math.max(2, Math.round(ratio * length));
    if (head === 'mean') model.pooling = reference ? 'meanUnmasked' : 'mean';
    model.tokenSelector = (batch, random) => {
      const choice = selectTokens(batch, count, random);
      return reference ? groupAsPublished(batch, choice) : choice;
    };
    if (reference) {
      // The published evaluation splits its batches as well, and its mean runs over the padding of both groups.
      model.evaluationArrangement = (batch, random) =>
        groupAsPublished(batch, selectTokens(batch, count, random)).batch!;
    }
    return {};
  },
});
