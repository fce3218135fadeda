import {
  coupledLayer,
  reversible,
  type Coupling,
  type Parameter,
  type ReversibleLayer,
  type StreamPair,
} from '@leantune/core';
import { constantsOf, type LayerStack, type StackRunner } from '@leantune/models';
import type { Combination } from './combine.js';
import type { LayerMaker } from './layers.js';
import type { NoiseCheck } from './noise.js';
import type { Placement } from './placement.js';
import { reachedInput } from './published.js';

/** Everything that decides how a stack is run. */
export interface MeftRun {
  readonly placement: Placement;
  readonly coupling: Coupling;
  readonly exact: boolean;
  /** Whether layers run again without the autocast of the forward pass. */
  readonly recomputesInFloat32: boolean;
  /** F and G of the adapted layers, from the lowest adapted one. */
  readonly makers: readonly LayerMaker[];
  readonly combine: Combination;
  /** Present where reconstruction has errors. */
  readonly noiseCheck: NoiseCheck | undefined;
}

/** Runs a stack as two streams that start as the same value: plain layers, reversible ones, ordinary ones, then one value. */
export function meftRunner(stack: LayerStack, run: MeftRun): StackRunner {
  const { placement, coupling, exact, makers, combine, noiseCheck } = run;
  return (layers, x, context) => {
    const below = layers.slice(0, placement.frozen).reduce((hidden, layer) => layer.call(hidden, context), x);
    const start = reachedInput(below, trainedIn(stack)[0]!);
    const made = makers.map((make) => make(context));
    const shared = context.encoder === undefined ? [] : [context.encoder.hidden];
    let pair: StreamPair = { first: start, second: start };
    if (placement.reversible > 0) {
      const reversed = made.slice(0, placement.reversible);
      pair = runReversibly(reversed, pair);
    }
    for (const layer of made.slice(placement.reversible)) pair = coupledLayer(layer, pair, coupling, shared);
    return combine(pair);

    function runReversibly(reversed: readonly ReversibleLayer[], streams: StreamPair): StreamPair {
      const region = () =>
        reversible(reversed, streams, {
          ...coupling,
          exact,
          recomputesInFloat32: run.recomputesInFloat32,
          trains: trainedIn(stack),
          shared,
          constants: constantsOf(context),
        });
      return noiseCheck === undefined ? region() : noiseCheck.watch(region);
    }
  };
}

function trainedIn(stack: LayerStack): Parameter[] {
  return stack.parameters().filter(({ requiresGrad }) => requiresGrad);
}
