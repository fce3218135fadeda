import { RandomParameterSource, UsageError } from '@leantune/core';
import type { Site } from '@leantune/models';
import { z } from 'zod';
import { defineMethod, type AppliedMethod } from '../contract/method.js';
import { targetSites } from '../lora/linearSites.js';
import { fusedProjection } from '../lora/options.js';
import { hasLinearSites } from '../lora/lora.js';
import { wrapSites } from '../lora/wrapSites.js';
import { passedLayer } from '../memory/bertLayer.js';
import { messages } from '../messages.js';
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
  options: z
    .object({
      outputs: sites.describe(`sites whose output is scaled (default: as PEFT, by architecture); ${fusedProjection}`),
      inputs: sites.describe(
        `sites whose input is scaled (default: as PEFT, by architecture), none of them in outputs; ${fusedProjection}`,
      ),
    })
    .refine(({ outputs, inputs }) => outputs?.length !== 0 || inputs?.length !== 0, {
      path: ['outputs'],
      error: () => messages.nothingScaled(),
    }),
  supports: hasLinearSites,
  apply: (model, { outputs, inputs }) => {
    const defaults = defaultIa3Sites(model);
    const scaledInputs = targetSites(model, inputs ?? defaults.inputs, 'ia3');
    const scaledOutputs = targetSites(model, outputs ?? defaults.outputs, 'ia3');
    refuseBothSides(scaledOutputs, scaledInputs);
    model.setTrained((name) => model.isHeadParameter(name));
    return insertIa3(scaledOutputs, scaledInputs);
  },
});

/** @throws UsageError for a site that both lists name, by one name or by two of a fused projection */
function refuseBothSides(outputs: readonly Site[], inputs: readonly Site[]): void {
  const both = outputs.filter((site) => inputs.includes(site)).map(({ path }) => path);
  if (both.length === 0) return;
  throw new UsageError(messages.scaledTwice(both), {
    code: 'LEANTUNE_SITE_UNFIT',
    remedy: messages.scaledTwiceRemedy(),
  });
}

/** Puts a vector at every site; PEFT's targets are in the first list also where it scales their input. */
export function insertIa3(outputs: readonly Site[], inputs: readonly Site[]): Required<AppliedMethod> {
  const atInput = new Set(inputs);
  const ones = new RandomParameterSource(0, 0);
  return wrapSites(
    [...new Set([...outputs, ...inputs])],
    (base, site) => new Ia3Linear(base, atInput.has(site) ? 'input' : 'output', ones),
  );
}
