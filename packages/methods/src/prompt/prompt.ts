import { z } from 'zod';
import { assertRoomBefore } from '../contract/inputLength.js';
import { defineMethod } from '../contract/method.js';
import { passedLayer } from '../memory/bertLayer.js';
import { insertPrompt, supportsPrompt } from './insertPrompt.js';

/** Prompt tuning: trained embeddings of virtual tokens before the text. */
export const prompt = defineMethod({
  name: 'prompt',
  summary: 'Trains embeddings of virtual tokens that stand before the text, and the head.',
  reference:
    'Lester et al. 2021, "The Power of Scale for Parameter-Efficient Prompt Tuning", section 2; positions, pooled token ' +
    'and random start as PEFT',
  slots: ['weights'],
  memory: { layer: passedLayer({ queries: '(T + length)' }) },
  options: z.object({ length: z.int().min(1).default(20).describe('virtual tokens') }),
  supports: supportsPrompt,
  apply: (model, { length }, { seed, maxLength }) => {
    assertRoomBefore('prompt', length, model, maxLength);
    model.setTrained((name) => model.isHeadParameter(name));
    insertPrompt(model, length, seed);
    return {};
  },
});
