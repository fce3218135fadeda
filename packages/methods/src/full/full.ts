import { QuantizedLinear, UsageError } from '@leantune/core';
import type { TransformerModel } from '@leantune/models';
import { z } from 'zod';
import { defineMethod } from '../contract/method.js';
import { trainedLayer } from '../memory/bertLayer.js';
import { messages } from '../messages.js';

/** Full fine-tuning: every parameter is trained. */
export const full = defineMethod({
  name: 'full',
  summary: 'Full fine-tuning: trains every parameter.',
  reference: 'Devlin et al. 2019, section 3.2',
  slots: ['weights'],
  memory: { layer: trainedLayer() },
  options: z.object({}),
  supports: () => true,
  apply: (model) => {
    refuseQuantized(model);
    model.setTrained(() => true);
    return {};
  },
});

/** @throws UsageError where weights are held in 4 bits: what would be trained is the rest */
function refuseQuantized({ sites }: TransformerModel): void {
  const quantized = sites.filter(({ module }) => module instanceof QuantizedLinear);
  if (quantized.length === 0) return;
  throw new UsageError(messages.fullOverQuantized(quantized.length), {
    code: 'LEANTUNE_FULL_OVER_4_BITS',
    remedy: messages.fullOverQuantizedRemedy(),
  });
}
