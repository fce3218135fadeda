import { z } from 'zod';
import { defineMethod } from '../contract/method.js';

/** Full fine-tuning: every parameter is trained. */
export const full = defineMethod({
  name: 'full',
  summary: 'Full fine-tuning: trains every parameter.',
  reference: 'Devlin et al. 2019, section 3.2',
  slots: ['weights'],
  memory:
    'An encoder layer keeps 10 hidden tensors [batch, length, hidden] (`pytorch`: 16, and attention probabilities of heads · length / hidden more; dropout adds as much again and its masks).',
  options: z.object({}),
  supports: () => true,
  apply: (model) => {
    model.setTrained(() => true);
    return {};
  },
});
