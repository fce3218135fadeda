import { z } from 'zod';
import { defineMethod } from '../contract/method.js';
import { passedLayer } from '../memory/bertLayer.js';
import { messages } from '../messages.js';

/** BitFit: trains the bias terms and the task head. */
export const bitfit = defineMethod({
  name: 'bitfit',
  summary: 'Trains only the biases and the task head.',
  reference: 'Ben Zaken et al. 2022, "BitFit", section 3',
  slots: ['weights'],
  memory: { layer: passedLayer() },
  options: z.object({}),
  supports: (model) => [...model.namedParameters()].some(([name]) => isBias(name)) || messages.noBiases(),
  apply: (model) => {
    model.setTrained((name) => isBias(name) || model.isHeadParameter(name));
    return {};
  },
});

function isBias(name: string): boolean {
  return name.endsWith('.bias');
}
