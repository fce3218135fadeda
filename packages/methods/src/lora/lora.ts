import { Linear, RandomParameterSource, UsageError } from '@leantune/core';
import type { Site, TransformerModel } from '@leantune/models';
import { z } from 'zod';
import { defineMethod } from '../contract/method.js';
import { messages } from '../messages.js';
import { LoraInitialization, LoraLinear, type LoraLinearOptions } from './loraLinear.js';

const loraOptions = z.object({
  rank: z.int().min(1).default(8).describe('rank of the update'),
  alpha: z
    .number()
    .positive()
    .default(16)
    .describe('scaling numerator: the update is scaled by alpha / rank (PEFT starts from 8)'),
  dropout: z.number().min(0).max(0.999).default(0).describe('dropout on the input of the update'),
  targets: z
    .union([z.array(z.string()).min(1), z.literal('all-linear')])
    .default(['attention.query', 'attention.value'])
    .describe('sites that get an update, or all-linear: every linear site but the head'),
  rankStabilized: z.boolean().default(false).describe('scale by alpha / √rank (rsLoRA)'),
});

type LoraOptions = z.output<typeof loraOptions>;

/** Low-rank adaptation; the task head is trained whole, as PEFT does for sequence classification. */
export const lora = defineMethod({
  name: 'lora',
  summary: 'Trains low-rank updates of frozen linear layers, and the task head.',
  reference:
    'Hu et al. 2022, "LoRA", section 4; scaling of Kalajdzievski 2023 with rankStabilized; files and start as PEFT',
  slots: ['weights'],
  options: loraOptions,
  supports: (model) => linearSites(model).length > 0 || messages.noLinearSites(),
  apply: (model, options, { seed }) => {
    const targets = targetSites(model, options.targets);
    model.setTrained((name) => model.isHeadParameter(name));
    const wrapped = insertLora(targets, options, seed);
    return {
      merge: () => {
        // Each update leaves the list once it is merged: a second call finds nothing to do.
        for (let next = wrapped.at(-1); next !== undefined; next = wrapped.at(-1)) {
          next.site.restore(next.update.merge());
          wrapped.pop();
        }
      },
    };
  },
});

/** Names and shapes of the parameters that an update of `rank` adds at a site. */
export function loraShapes(site: Site, rank: number): [name: string, shape: readonly number[]][] {
  const { inFeatures, outFeatures } = site.module as Linear;
  return [
    [`${site.path}.lora_A.weight`, [rank, inFeatures]],
    [`${site.path}.lora_B.weight`, [outFeatures, rank]],
  ];
}

/** Puts an update at every site and returns them. */
export function insertLora(
  sites: readonly Site[],
  options: LoraLinearOptions,
  seed: number,
): { readonly site: Site; readonly update: LoraLinear }[] {
  return sites.map((site) => {
    const fresh = new LoraInitialization(new RandomParameterSource(seed, 0, `${site.path}.`));
    const update = new LoraLinear(site.module as Linear, options, fresh);
    site.wrap(() => update);
    return { site, update };
  });
}

/** @throws UsageError for an unknown site, one that holds no linear layer, or the head. */
function targetSites(model: TransformerModel, targets: LoraOptions['targets']): Site[] {
  if (targets === 'all-linear') return linearSites(model).filter((site) => !isHead(site));
  return [...new Set(targets)].flatMap((name) => {
    const sites = model.sitesNamed(name);
    if (!sites.every(isLinear)) throw unfit(messages.notLinear(name));
    if (sites.some(isHead)) throw unfit(messages.headTrainedWhole(name));
    return sites;
  });
}

export function linearSites(model: TransformerModel): Site[] {
  return model.sites.filter(isLinear);
}

function isLinear(site: Site): boolean {
  return site.module instanceof Linear;
}

export function isHead({ address }: Site): boolean {
  return address.name === 'head';
}

function unfit(message: string): UsageError {
  return new UsageError(message, { code: 'LEANTUNE_SITE_UNFIT', remedy: messages.showMethod('lora') });
}
