import { Linear, QuantizedLinear, UsageError } from '@leantune/core';
import type { Site, TransformerModel } from '@leantune/models';
import { messages } from '../messages.js';

/** A linear layer of the model's own, as loaded or with its weight held in 4 bits. */
export type LinearLayer = Linear | QuantizedLinear;

/** What stands at a site, where that is a linear layer. @throws TypeError for another site */
export function linearAt(site: Site): LinearLayer {
  const { module } = site;
  if (module instanceof Linear || module instanceof QuantizedLinear) return module;
  throw new TypeError(site.path);
}

/** The sites that hold a linear layer with a weight of its own: a tied head is the embedding's. */
export function linearSites(model: TransformerModel): Site[] {
  return model.sites.filter(isLinear);
}

/** Every linear site but the head's: what PEFT's `all-linear` takes. */
export function innerLinearSites(model: TransformerModel): Site[] {
  return linearSites(model).filter((site) => !isHead(model, site));
}

/** Whether the site is the head, or belongs to what is trained whole in its place (DistilBERT: `pre_classifier`). */
export function isHead(model: TransformerModel, { address, path }: Site): boolean {
  return address.name === 'head' || model.isHeadParameter(`${path}.`);
}

/**
 * The sites of the given names in every stack, each once; `all-linear` is every linear site but the head.
 * @throws UsageError for an unknown site, one that holds no linear layer, or the head
 */
export function targetSites(
  model: TransformerModel,
  targets: readonly string[] | 'all-linear',
  method: string,
): readonly Site[] {
  if (targets === 'all-linear') return innerLinearSites(model);
  // Two names may stand for one fused projection.
  return [...new Set(targets.flatMap((name) => linearSitesNamed(model, name, method)))];
}

function linearSitesNamed(model: TransformerModel, name: string, method: string): readonly Site[] {
  const unfit = (message: string) =>
    new UsageError(message, { code: 'LEANTUNE_SITE_UNFIT', remedy: messages.showMethod(method) });
  const sites = model.sitesNamed(name);
  if (sites.some((site) => isHead(model, site))) throw unfit(messages.headTrainedWhole(name));
  if (!sites.every(isLinear)) throw unfit(messages.notLinear(name));
  return sites;
}

function isLinear({ module }: Site): boolean {
  if (module instanceof QuantizedLinear) return true;
  return module instanceof Linear && [...module.namedParameters()].some(([name]) => name === 'weight');
}
