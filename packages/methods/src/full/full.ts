import { z } from 'zod';
import { defineMethod } from '../contract/method.js';
import { trainedLayer } from '../memory/bertLayer.js';

/** Full fine-tuning: every parameter is trained. */
export const full = defineMethod({
  name: 'full',
  summary: 'Full fine-tuning: trains every parameter.',
  reference: 'Devlin et al. 2019, section 3.2',
  slots: ['weights'],
  memory: { layer: trainedLayer() },
  options: z.object({}),
  supports: () => true,
  apply: (model) => {
    model.setTrained(() => true);
    return {};
  },
});
