import { Linear, RandomParameterSource, UsageError } from '@leantune/core';
import type { Site, TransformerModel } from '@leantune/models';
import { z } from 'zod';
import { defineMethod } from '../contract/method.js';
import { messages } from '../messages.js';
import { LoraInitialization, LoraLinear, type LoraLinearOptions } from './loraLinear.js';

const loraOptions = z.object({
  rank: z.int().min(1).default(8).describe('rank of the update'),
  alpha: z.number().positive().default(16).describe('scaling numerator: the update is scaled by alpha / rank'),
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
    return { merge: () => wrapped.forEach(({ site, update }) => site.restore(update.merge())) };
  },
});

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

/** @throws UsageError for an unknown site or one that holds no linear layer. */
function targetSites(model: TransformerModel, targets: LoraOptions['targets']): Site[] {
  if (targets === 'all-linear') return linearSites(model).filter(({ address }) => address.name !== 'head');
  return targets.flatMap((name) => {
    const sites = model.sitesNamed(name);
    if (!sites.every(isLinear)) throw notLinear(name);
    return sites;
  });
}

export function linearSites(model: TransformerModel): Site[] {
  return model.sites.filter(isLinear);
}

function isLinear(site: Site): boolean {
  return site.module instanceof Linear;
}

function notLinear(name: string): UsageError {
  return new UsageError(messages.notLinear(name), { code: 'LEANTUNE_SITE_NOT_LINEAR' });
}
