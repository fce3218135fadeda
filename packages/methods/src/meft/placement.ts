import { UsageError } from '@leantune/core';
import type { TransformerModel } from '@leantune/models';
import { messages } from '../messages.js';
import type { MeftOptions } from './options.js';

/** How the layers of a stack are run, from the lowest: the numbers add up to its depth. */
export interface Placement {
  /** Plain frozen layers without adapters. */
  readonly frozen: number;
  readonly reversible: number;
  /** Adapted layers with ordinary gradients. */
  readonly ordinary: number;
}

/**
 * The settings of the paper's figure 7 (Liao et al. 2023; the published OPT script runs the lower half of its adapted
 * layers reversibly with frozen lower layers).
 */
export function placementOf(depth: number, options: MeftOptions): Placement {
  const { reversibleLayers = depth, placement = 'lower', gradient, reference } = options;
  const isTop = placement === 'top-with-frozen-lower';
  const adapted = isTop ? reversibleLayers : depth;
  const reversible = isTop && reference ? Math.floor(reversibleLayers / 2) : reversibleLayers;
  const frozen = depth - adapted;
  if (gradient === 'vanilla') return { frozen, reversible: 0, ordinary: adapted };
  return { frozen, reversible, ordinary: adapted - reversible };
}

/**
 * @throws UsageError where a stack has fewer layers than are asked for, or an odd number to split into halves (of 5 the
 * published code runs 2 reversibly and 3 not; here an explicit odd number is refused as well)
 */
export function assertDepth(model: TransformerModel, { reversibleLayers, placement, reference }: MeftOptions): void {
  const depths = model.stacks.map(({ layers }) => layers.length);
  const least = Math.min(...depths);
  const inHalves = reference && placement === 'top-with-frozen-lower';
  const nearest = inHalves ? least - (least % 2) : least;
  const refuse = (message: string) => {
    throw new UsageError(message, {
      code: 'LEANTUNE_REVERSIBLE_LAYERS',
      remedy: nearest === 0 ? messages.leaveOut('reference=true') : `reversibleLayers=${nearest}`,
    });
  };
  const split = nearest === 0 ? least : depths.find((depth) => depth % 2 === 1);
  if (inHalves && split !== undefined && (nearest === 0 || reversibleLayers === undefined)) {
    refuse(messages.oddDepth(split, model.architecture, nearest));
  }
  if (reversibleLayers !== undefined && reversibleLayers > least) {
    refuse(messages.tooManyLayers(reversibleLayers, model.architecture, least, nearest));
  }
}
