import { UsageError } from '@leantune/core';
import type { TransformerModel } from '@leantune/models';
import { z } from 'zod';
import { defineMethod } from '../contract/method.js';
import { messages } from '../messages.js';
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
  options: z.object({
    every: z.int().min(1).default(1).describe('layers between two kept inputs, at most as many as the model has'),
  }),
  supports: () => true,
  apply: (model, { every }) => {
    refuseLong(model, every);
    for (const stack of model.stacks) stack.runner = checkpointRunner(every);
    return {};
  },
});

/** @throws UsageError where a segment would be longer than every stack of the model */
function refuseLong({ stacks, architecture }: TransformerModel, every: number): void {
  const depth = Math.max(...stacks.map(({ layers }) => layers.length));
  if (every <= depth) return;
  throw new UsageError(messages.segmentsTooLong(every, architecture, depth), {
    code: 'LEANTUNE_OPTION_UNFIT',
    remedy: `checkpoint(every=${depth})`,
  });
}
