import { QuantizedLinear } from '@leantune/core';
import type { TransformerModel } from '@leantune/models';
import { z } from 'zod';
import { defineMethod, type AppliedMethod } from '../contract/method.js';
import { innerLinearSites, linearAt } from '../lora/linearSites.js';
import { hasLinearSites } from '../lora/lora.js';
import { passedLayer } from '../memory/bertLayer.js';

/** How weights are held in 4 bits. */
export const nf4Options = z.object({
  blockSize: z.literal([64, 128, 256]).default(64).describe('weights that share one scale: 64, 128 or 256'),
  doubleQuant: z.boolean().default(true).describe('hold the scales in 8 bits'),
});

/** The frozen base in 4 bits, for whatever is trained beside it. */
export const nf4 = defineMethod({
  name: 'nf4',
  summary: 'Holds the weights of inner linear layers in 4 bits (NF4), frozen.',
  reference: 'Dettmers et al. 2023, "QLoRA", section 3; numbers as bitsandbytes',
  slots: ['base'],
  memory: { layer: passedLayer() },
  options: nf4Options,
  supports: hasLinearSites,
  apply: quantizeLinearSites,
});

/** Quantises every linear layer but the head, as transformers does for bitsandbytes; embeddings and norms stay. */
export function quantizeLinearSites(
  model: TransformerModel,
  options: z.output<typeof nf4Options>,
): Required<AppliedMethod> {
  const sites = innerLinearSites(model);
  for (const site of sites) {
    const linear = linearAt(site);
    if (!(linear instanceof QuantizedLinear)) site.wrap(() => new QuantizedLinear(linear, options));
  }
  return {
    merge: () => {
      // Layers with an update are in numbers again once it is merged.
      for (const site of sites) if (site.module instanceof QuantizedLinear) site.restore(site.module.toLinear());
    },
  };
}
