import { bottleneckWidth, insertAdapters, supportsAdapters } from '../adapters/insertAdapters.js';
import { adapterOptions } from '../adapters/options.js';
import { SerialSum } from '../adapters/sums.js';
import { defineMethod } from '../contract/method.js';
import { passedLayer } from '../memory/bertLayer.js';

/** Serial adapters after attention and after the feed-forward network. */
export const houlsby = defineMethod({
  name: 'houlsby',
  summary: 'Trains a bottleneck after attention and one after the feed-forward network of each layer, and the head.',
  reference:
    'Houlsby et al. 2019, "Parameter-Efficient Transfer Learning for NLP", section 2; placement, defaults and start of ' +
    'DoubleSeqBnConfig in the `adapters` library',
  slots: ['weights'],
  memory: {
    layer: [
      ...passedLayer(),
      { what: 'inputs of both adapters', lean: '2·B·T·H' },
      {
        what: 'before (`pytorch`: and after) the activation function of both adapters',
        lean: '2·B·T·⌊H/reduction⌋',
        pytorch: '4·B·T·⌊H/reduction⌋',
      },
    ],
  },
  options: adapterOptions({ reduction: 16, activation: 'swish', scale: 1 }),
  supports: supportsAdapters,
  apply: (model, { reduction, activation, scale }, { seed }) => {
    const width = bottleneckWidth(model.hiddenSize, reduction);
    insertAdapters(model, ['attention', 'feedForward'], SerialSum, { width, activation, scale, start: 'normal' }, seed);
    return {};
  },
});
