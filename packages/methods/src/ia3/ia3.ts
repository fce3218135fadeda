import { RandomParameterSource } from '@leantune/core';
import type { Site } from '@leantune/models';
import { z } from 'zod';
import { defineMethod, type AppliedMethod } from '../contract/method.js';
import { targetSites } from '../lora/linearSites.js';
import { hasLinearSites } from '../lora/lora.js';
import { wrapSites } from '../lora/wrapSites.js';
import { passedLayer } from '../memory/bertLayer.js';
import { defaultIa3Sites } from './defaultSites.js';
import { Ia3Linear } from './ia3Linear.js';

const sites = z.array(z.string()).optional();

/** (IA)³: inner activations are scaled by trained vectors. */
export const ia3 = defineMethod({
  name: 'ia3',
  summary: 'Trains vectors that scale inner activations, and the task head.',
  reference:
    'Liu et al. 2022, "Few-Shot Parameter-Efficient Fine-Tuning is Better and Cheaper than In-Context Learning", section 3.3; default sites, files and start as PEFT',
  slots: ['weights'],
  memory: {
    layer: [
      ...passedLayer(),
      { what: 'keys and values before they are scaled', lean: '2·B·T·H' },
      {
        what: 'inputs of the output and last projections before they are scaled',
        lean: 'B·T·H',
        pytorch: 'B·T·H + B·T·F',
      },
    ],
  },
  options: z.object({
    outputs: sites.describe('sites whose output is scaled (default: as PEFT, by architecture)'),
    inputs: sites.describe('sites whose input is scaled (default: as PEFT, by architecture)'),
  }),
  supports: hasLinearSites,
  apply: (model, { outputs, inputs }) => {
    const defaults = defaultIa3Sites(model);
    const scaledInputs = targetSites(model, inputs ?? defaults.inputs, 'ia3');
    const scaledOutputs = targetSites(model, outputs ?? defaults.outputs, 'ia3');
    model.setTrained((name) => model.isHeadParameter(name));
    return insertIa3(scaledOutputs, scaledInputs);
  },
});

/** Puts a vector at every site; one that is named twice is scaled at its input. */
export function insertIa3(outputs: readonly Site[], inputs: readonly Site[]): Required<AppliedMethod> {
  const atInput = new Set(inputs);
  const ones = new RandomParameterSource(0, 0);
  return wrapSites(
    [...new Set([...outputs, ...inputs])],
    (base, site) => new Ia3Linear(base, atInput.has(site) ? 'input' : 'output', ones),
  );
}
