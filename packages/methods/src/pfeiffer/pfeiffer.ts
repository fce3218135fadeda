import { bottleneckWidth, insertAdapters, supportsAdapters } from '../adapters/insertAdapters.js';
import { adapterOptions } from '../adapters/options.js';
import { oneAdapter } from '../adapters/memory.js';
import { NormalizedSum } from '../adapters/sums.js';
import { defineMethod } from '../contract/method.js';
import { passedLayer } from '../memory/bertLayer.js';

/** One serial adapter a layer, on the normalised output of the feed-forward block. */
export const pfeiffer = defineMethod({
  name: 'pfeiffer',
  summary: 'Trains one bottleneck a layer, on the normalised sum after the feed-forward network, and the head.',
  reference:
    'Pfeiffer et al. 2020, "MAD-X", section 4; placement, defaults and start of SeqBnConfig in the `adapters` library',
  slots: ['weights'],
  memory: {
    layer: [
      ...passedLayer(),
      { what: 'the normalisation before the adapter', lean: 'B·T·H + B·T', pytorch: 'B·T·H + 2·B·T' },
      ...oneAdapter('⌊H/reduction⌋'),
    ],
  },
  options: adapterOptions({ reduction: 16, activation: 'relu', scale: 1 }),
  supports: supportsAdapters,
  apply: (model, { reduction, activation, scale }, { seed }) => {
    const width = bottleneckWidth(model.hiddenSize, reduction);
    insertAdapters(model, ['feedForward'], NormalizedSum, { width, activation, scale, start: 'normal' }, seed);
    return {};
  },
});
