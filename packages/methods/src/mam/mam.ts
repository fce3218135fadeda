import { z } from 'zod';
import { oneAdapter } from '../adapters/memory.js';
import { insertAdapters, supportsAdapters } from '../adapters/insertAdapters.js';
import { ParallelSum } from '../adapters/sums.js';
import { assertRoomBefore } from '../contract/inputLength.js';
import { defineMethod } from '../contract/method.js';
import { passedLayer } from '../memory/bertLayer.js';
import { insertPrefix, supportsPrefix } from '../prefix/insertPrefix.js';

/** Mix-and-match adapter: a short prefix for attention, a wide parallel adapter beside the feed-forward network. */
export const mam = defineMethod({
  name: 'mam',
  summary: 'Trains a short prefix and an adapter beside each feed-forward block, and the head.',
  reference:
    'He et al. 2022, "Towards a Unified View of Parameter-Efficient Transfer Learning", section 4.6 (MAM Adapter): ' +
    'prefix of 30, parallel adapter of width 512 scaled by 4; the prefix comes from a network of width 800 as in its code',
  slots: ['weights'],
  memory: { layer: [...passedLayer({ keys: '(T + length)' }), ...oneAdapter('width')] },
  options: z.object({
    length: z.int().min(1).default(30).describe('virtual tokens of the prefix'),
    projection: z.int().min(1).default(800).describe('width of the network that makes the prefix'),
    width: z.int().min(1).default(512).describe('width of the adapters'),
    scale: z.number().positive().default(4).describe("factor on the adapters' output"),
  }),
  supports: (model) => {
    const fits = supportsPrefix(model);
    return fits === true ? supportsAdapters(model) : fits;
  },
  apply: (model, { length, projection, width, scale }, { seed, maxLength }) => {
    assertRoomBefore('mam', length, model, maxLength);
    insertAdapters(model, ['feedForward'], ParallelSum, { width, activation: 'relu', scale, start: 'zero-up' }, seed);
    insertPrefix(model, { length, projection }, seed);
    return {};
  },
});
