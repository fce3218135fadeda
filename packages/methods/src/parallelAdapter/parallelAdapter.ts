import { bottleneckWidth, insertAdapters, supportsAdapters } from '../adapters/insertAdapters.js';
import { oneAdapter } from '../adapters/memory.js';
import { adapterOptions } from '../adapters/options.js';
import { ParallelSum } from '../adapters/sums.js';
import { defineMethod } from '../contract/method.js';
import { passedLayer } from '../memory/bertLayer.js';

/** One adapter a layer, beside the feed-forward block. */
export const parallelAdapter = defineMethod({
  name: 'parallel-adapter',
  summary: 'Trains one bottleneck a layer, beside the feed-forward block, and the head.',
  reference:
    'He et al. 2022, "Towards a Unified View of Parameter-Efficient Transfer Learning", section 4; placement, defaults ' +
    'and start of ParBnConfig in the `adapters` library',
  slots: ['weights'],
  memory: { layer: [...passedLayer(), ...oneAdapter('⌊H/reduction⌋')] },
  options: adapterOptions({ reduction: 2, activation: 'relu', scale: 4 }),
  supports: supportsAdapters,
  apply: (model, { reduction, activation, scale }, { seed }) => {
    const width = bottleneckWidth(model.hiddenSize, reduction);
    insertAdapters(model, ['feedForward'], ParallelSum, { width, activation, scale, start: 'zero-up' }, seed);
    return {};
  },
});
