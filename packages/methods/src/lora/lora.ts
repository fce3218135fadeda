import { RandomParameterSource } from '@leantune/core';
import type { Site, TransformerModel } from '@leantune/models';
import { defineMethod, type AppliedMethod, type ApplyContext } from '../contract/method.js';
import { messages } from '../messages.js';
import { passedLayer } from '../memory/bertLayer.js';
import type { KeptTensors } from '../memory/layerMemory.js';
import { innerLinearSites, targetSites } from './linearSites.js';
import { LoraInitialization, LoraLinear, type LoraLinearOptions } from './loraLinear.js';
import { loraOptions, type LoraOptions } from './options.js';
import { wrapSites } from './wrapSites.js';

/** What a layer keeps with updates of its query and value projections. */
export const loraLayer: readonly KeptTensors[] = [
  ...passedLayer(),
  { what: 'input of both updates', lean: '0', pytorch: 'B·T·H' },
  { what: 'features inside both updates', lean: '2·B·T·rank' },
];

/** Low-rank adaptation; the task head is trained whole, as PEFT does for sequence classification. */
export const lora = defineMethod({
  name: 'lora',
  summary: 'Trains low-rank updates of frozen linear layers, and the task head.',
  reference:
    'Hu et al. 2022, "LoRA", section 4; scaling of Kalajdzievski 2023 with rankStabilized; files and start as PEFT',
  slots: ['weights'],
  memory: { layer: loraLayer },
  options: loraOptions,
  supports: hasLinearSites,
  apply: (model, options, context) => applyLora(model, options, context, 'lora'),
});

/** Trains the head and updates at the sites that the options name. */
export function applyLora(
  model: TransformerModel,
  options: LoraOptions,
  { seed }: ApplyContext,
  method: string,
): Required<AppliedMethod> {
  const targets = targetSites(model, options.targets, method);
  model.setTrained((name) => model.isHeadParameter(name));
  return insertLora(targets, options, seed);
}

/** Puts an update at every site. */
export function insertLora(sites: readonly Site[], options: LoraLinearOptions, seed: number): Required<AppliedMethod> {
  return wrapSites(sites, (base, { path }) => new LoraLinear(base, options, freshUpdate(seed, path)));
}

/** Where the matrices of an update start, with streams named after its site. */
export function freshUpdate(seed: number, path: string): LoraInitialization {
  return new LoraInitialization(new RandomParameterSource(seed, 0, `${path}.`));
}

export function hasLinearSites(model: TransformerModel): true | string {
  return innerLinearSites(model).length > 0 || messages.noLinearSites();
}
