import type { LayerOptions, TransformerLayer } from '@leantune/models';

/** Sizes of a layer that a side layer has `reduction` times smaller; heads stay as many, and become narrower. */
interface DividedSizes {
  readonly hidden: number;
  readonly head: number;
  readonly intermediate: number;
}

function sizesOf({ attention: { shape }, feedForward }: LayerOptions): DividedSizes {
  const { hiddenSize: hidden, heads, headSize: head = hidden / heads } = shape;
  return { hidden, head, intermediate: feedForward.intermediateSize };
}

/** Whether `reduction` divides what must be divided: of a head its pairs, which some architectures rotate. */
export function divides(reduction: number, { options }: TransformerLayer): boolean {
  const { hidden, head, intermediate } = sizesOf(options);
  return [hidden, head / 2, intermediate].every((size) => size % reduction === 0);
}

/** The reduction that divides the layer's sizes and is nearest to the wanted one; 1 always does. */
export function nearestDivisor(wanted: number, layer: TransformerLayer): number {
  const candidates = Array.from({ length: sizesOf(layer.options).head }, (_, index) => index + 1);
  return candidates
    .filter((candidate) => divides(candidate, layer))
    .reduce((best, candidate) => (Math.abs(candidate - wanted) < Math.abs(best - wanted) ? candidate : best), 1);
}

/** A layer of the same kind whose features are `reduction` times fewer. */
export function narrowLayer(options: LayerOptions, reduction: number): LayerOptions {
  const { hidden, head, intermediate } = sizesOf(options);
  const width = hidden / reduction;
  const { attention, feedForward } = options;
  return {
    attention: {
      ...attention,
      makeNorm: (source) => attention.makeNorm(source, width),
      shape: { ...attention.shape, hiddenSize: width, headSize: head / reduction },
    },
    feedForward: {
      ...feedForward,
      makeNorm: (source) => feedForward.makeNorm(source, width),
      hiddenSize: width,
      intermediateSize: intermediate / reduction,
    },
  };
}
