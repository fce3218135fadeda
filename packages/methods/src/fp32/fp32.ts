import { z } from 'zod';
import { defineMethod } from '../contract/method.js';
import { trainedLayer } from '../memory/bertLayer.js';

/**
 * Weights in float32 under a run of lower precision. PEFT 0.5's `prepare_model_for_kbit_training` casts every half-precision
 * parameter so, which TokenTune's published script calls for its LoRA rows: their base takes twice its bytes.
 */
export const fp32 = defineMethod({
  name: 'fp32',
  summary: 'Holds the weights in float32, whatever the precision of the run.',
  reference: 'Simoulin et al. 2024, published script: PEFT 0.5.0, prepare_model_for_kbit_training',
  slots: ['base'],
  memory: { layer: trainedLayer() },
  options: z.object({}),
  supports: () => true,
  apply: (model) => {
    for (const parameter of model.parameters()) parameter.holdAs('float32');
    return {};
  },
});
