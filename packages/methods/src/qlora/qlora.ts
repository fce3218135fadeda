import { z } from 'zod';
import { defineMethod } from '../contract/method.js';
import { applyLora, hasLinearSites, loraLayer } from '../lora/lora.js';
import { loraOptions } from '../lora/options.js';
import { nf4Options, quantizeLinearSites } from '../nf4/nf4.js';

/** LoRA on a base in 4 bits: `nf4+lora` under its own name. */
export const qlora = defineMethod({
  name: 'qlora',
  summary: 'Trains low-rank updates of linear layers that are held in 4 bits (NF4), and the task head.',
  reference: 'Dettmers et al. 2023, "QLoRA", section 3, equation 5; numbers as bitsandbytes, files as PEFT',
  slots: ['weights', 'base'],
  memory: { layer: loraLayer },
  options: z.object({ ...loraOptions.shape, ...nf4Options.shape }),
  supports: hasLinearSites,
  apply: (model, options, context) => {
    const base = quantizeLinearSites(model, options);
    const updates = applyLora(model, options, context, 'qlora');
    return {
      merge: () => {
        updates.merge();
        base.merge();
      },
    };
  },
});
