import { defineMethod } from '../contract/method.js';
import { targetSites } from '../lora/linearSites.js';
import { freshUpdate, hasLinearSites, loraLayer } from '../lora/lora.js';
import type { LoraLinearOptions } from '../lora/loraLinear.js';
import { loraOptions } from '../lora/options.js';
import { wrapSites } from '../lora/wrapSites.js';
import type { AppliedMethod } from '../contract/method.js';
import type { Site } from '@leantune/models';
import { DoraLinear } from './doraLinear.js';

/** Weight-decomposed low-rank adaptation: LoRA changes the direction of each output's weights, a magnitude their length. */
export const dora = defineMethod({
  name: 'dora',
  summary: 'Trains low-rank updates of the direction of frozen weights, their magnitudes, and the task head.',
  reference: 'Liu et al. 2024, "DoRA", equation 5 and section 4.3 (constant norm); files and start as PEFT',
  slots: ['weights'],
  memory: {
    layer: [...loraLayer, { what: 'both products that magnitudes scale, and their norms', lean: '2·B·T·H + 2·H' }],
  },
  options: loraOptions,
  supports: hasLinearSites,
  apply: (model, options, { seed }) => {
    const targets = targetSites(model, options.targets, 'dora');
    model.setTrained((name) => model.isHeadParameter(name));
    return insertDora(targets, options, seed);
  },
});

/** Puts an update with magnitudes at every site. */
export function insertDora(sites: readonly Site[], options: LoraLinearOptions, seed: number): Required<AppliedMethod> {
  return wrapSites(sites, (base, { path }) => new DoraLinear(base, options, freshUpdate(seed, path)));
}
