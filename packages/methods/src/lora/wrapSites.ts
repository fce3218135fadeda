import { QuantizedLinear, type Linear, type Module, type Tensor } from '@leantune/core';
import type { Site } from '@leantune/models';
import type { AppliedMethod } from '../contract/method.js';
import type { LinearLayer } from './linearSites.js';
import { linearAt } from './linearSites.js';

/** A linear layer with something trained around it that can be folded into its weight. */
export interface LinearWrapper extends Module<[x: Tensor], Tensor> {
  /** Folds what is trained into the weight, releases it, and returns the plain layer. */
  merge(): Linear;
}

/** Puts a wrapper around the linear layer of every site. */
export function wrapSites(
  sites: readonly Site[],
  makeWrapper: (base: LinearLayer, site: Site) => LinearWrapper,
): Required<AppliedMethod> {
  const wrapped = sites.map((site) => {
    const wrapper = makeWrapper(linearAt(site), site);
    site.wrap(() => wrapper);
    return { site, wrapper };
  });
  return {
    merge: () => {
      // Each wrapper leaves the list once it is merged: a second call finds nothing to do.
      for (let next = wrapped.at(-1); next !== undefined; next = wrapped.at(-1)) {
        next.site.restore(next.wrapper.merge());
        wrapped.pop();
      }
    },
  };
}

/** The layer itself, or in numbers what was held in 4 bits. */
export function plainLinear(base: LinearLayer): Linear {
  return base instanceof QuantizedLinear ? base.toLinear() : base;
}
