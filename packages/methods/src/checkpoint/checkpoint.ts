import { z } from 'zod';
import { defineMethod } from '../contract/method.js';
import { checkpointRunner } from './checkpointRunner.js';

/** Gradient checkpointing of every n layers. */
export const checkpoint = defineMethod({
  name: 'checkpoint',
  summary: 'Keeps only the inputs of every n layers and runs them again in the backward pass.',
  reference: 'Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost", section 3',
  slots: ['stack'],
  memory: {
    layer: [{ what: 'input of every segment', lean: 'B·T·H/every' }],
    once: 'what the layers of one segment keep without it, while they run again',
  },
  options: z.object({ every: z.int().min(1).default(1).describe('layers between two kept inputs') }),
  supports: () => true,
  apply: (model, { every }) => {
    for (const stack of model.stacks) stack.runner = checkpointRunner(every);
    return {};
  },
});
