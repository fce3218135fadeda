import { z } from 'zod';
import { assertRoomBefore } from '../contract/inputLength.js';
import { defineMethod } from '../contract/method.js';
import { passedLayer } from '../memory/bertLayer.js';
import { insertPrefix, supportsPrefix } from './insertPrefix.js';

/** Prefix tuning: trained keys and values before those of the text, in every layer. */
export const prefix = defineMethod({
  name: 'prefix',
  summary: 'Trains keys and values that stand before those of the text in every layer, and the head.',
  reference: 'Li and Liang 2021, "Prefix-Tuning", section 4; positions, layout and start as PEFT',
  slots: ['weights'],
  memory: { layer: passedLayer({ keys: '(T + length)' }) },
  options: z.object({
    length: z.int().min(1).default(20).describe('virtual tokens'),
    projection: z
      .int()
      .min(1)
      .optional()
      .describe('width of the network that makes the prefix from smaller embeddings (default: trained directly)'),
  }),
  supports: supportsPrefix,
  apply: (model, options, { seed, maxLength }) => {
    assertRoomBefore('prefix', options.length, model, maxLength);
    model.setTrained((name) => model.isHeadParameter(name));
    insertPrefix(model, options, seed);
    return {};
  },
});
