import { RandomParameterSource, UsageError, noGrad, type Tensor } from '@leantune/core';
import type { StackRunner, TransformerModel } from '@leantune/models';
import { z } from 'zod';
import { defineMethod } from '../contract/method.js';
import { trainedLayer } from '../memory/bertLayer.js';
import { messages } from '../messages.js';
import { divides, nearestDivisor } from './narrowLayer.js';
import { startFromBackbone } from './pruning.js';
import { SideNetwork } from './sideNetwork.js';

/** Of fresh weights, as in the published transformers. */
const standardDeviation = 0.02;
const sideName = 'side';

/** Ladder side tuning: a narrow network beside the frozen backbone, which gets no gradients. */
export const lst = defineMethod({
  name: 'lst',
  summary:
    'Trains a narrow network that reads every layer of the frozen model, and the head; nothing flows back into it.',
  reference:
    'Sung et al. 2022, "LST: Ladder Side-Tuning", section 3; side layers start from the backbone, pruned by magnitude',
  slots: ['weights', 'stack'],
  memory: {
    layer: [
      ...trainedLayer({ hidden: 'H/reduction', feedForward: 'F/reduction' }, 'B·T·H/reduction'),
      { what: "the frozen layer's output, which is projected down", lean: 'B·T·H' },
      { what: 'half the difference that the gate weighs, and its slope', lean: 'B·T·H/reduction + 1' },
    ],
  },
  options: z.object({
    reduction: z.int().min(1).default(8).describe('how many times fewer features the side network has'),
    start: z
      .enum(['pruned', 'random'])
      .default('pruned')
      .describe("side layers start as the backbone's largest rows and columns, or as fresh ones"),
  }),
  supports: (model) => {
    if (model.kind === 'encoder-decoder') return messages.ladderNeedsOneStack();
    return !hasSide(model) || messages.hasLadder();
  },
  apply: (model, { reduction, start }, { seed }) => {
    const stack = model.stacks[0]!;
    refuseUnfit(model, reduction);
    model.setTrained((name) => model.isHeadParameter(name));
    const source = new RandomParameterSource(seed, standardDeviation, `${sideName}.`);
    const side = model.insertModule(sideName, new SideNetwork(stack, model.hiddenSize, reduction, source));
    if (start === 'pruned') startFromBackbone(model, stack, side.layers, reduction);
    stack.runner = ladderRunner(side);
    return {};
  },
});

/** Runs the backbone without recording, then the side network on what its layers gave. */
function ladderRunner(side: SideNetwork): StackRunner {
  return (layers, x, context) => {
    const hiddens: Tensor[] = [x];
    noGrad(() => {
      for (const layer of layers) hiddens.push(layer.call(hiddens.at(-1)!, context));
    });
    return side.call(hiddens, context);
  };
}

function hasSide(model: TransformerModel): boolean {
  return [...model.namedParameters()].some(([name]) => name.startsWith(`${sideName}.`));
}

/** @throws UsageError where the layers cannot be made that much narrower. */
function refuseUnfit(model: TransformerModel, reduction: number): void {
  const layer = model.stacks[0]!.layers[0]!;
  if (divides(reduction, layer)) return;
  const nearest = nearestDivisor(reduction, layer);
  throw new UsageError(messages.ladderUnfit(reduction, model.architecture, nearest), {
    code: 'LEANTUNE_OPTION_UNFIT',
    remedy: messages.spelledAs(`lst(reduction=${nearest})`),
  });
}
