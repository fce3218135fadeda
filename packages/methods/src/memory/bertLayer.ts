import type { KeptTensors } from './layerMemory.js';

/** Sizes of a layer that a method changes, as formulas. */
interface LayerSizes {
  /** Rows that queries are made of, and with them everything but keys and values. */
  readonly queries?: string;
  readonly keys?: string;
  readonly hidden?: string;
  readonly feedForward?: string;
}

/** What gradients need that pass a layer with frozen weights on their way down. */
export function passedLayer({
  queries = 'T',
  keys = queries,
  hidden = 'H',
  feedForward = 'F',
}: LayerSizes = {}): KeptTensors[] {
  const probabilities = `B·A·${queries}·${keys}`;
  return [
    {
      what: 'queries, keys, values',
      lean: queries === keys ? `3·B·${queries}·${hidden}` : `B·${queries}·${hidden} + 2·B·${keys}·${hidden}`,
    },
    { what: 'attention probabilities before and after dropout', lean: '0', pytorch: `2·${probabilities}` },
    {
      what: 'two normalisations: the normalised value and one number a row (`pytorch`: the input and two numbers)',
      lean: `2·B·${queries}·${hidden} + 2·B·${queries}`,
      pytorch: `2·B·${queries}·${hidden} + 4·B·${queries}`,
    },
    { what: 'input of the activation function', lean: `B·${queries}·${feedForward}` },
    {
      what: 'masks of dropout, a byte an element',
      lean: '0',
      pytorch: `${probabilities}/4 + 2·B·${queries}·${hidden}/4`,
    },
  ];
}

/**
 * The same where every weight is trained: the inputs of the projections besides. `lean` has most of them from what is
 * kept anyway.
 * @param input what `lean` keeps of the layer's input, which a normalisation below gives again
 */
export function trainedLayer(sizes: LayerSizes = {}, input = '0'): KeptTensors[] {
  const { queries = 'T', hidden = 'H', feedForward = 'F' } = sizes;
  const rows = `B·${queries}·${hidden}`;
  return [
    ...passedLayer(sizes),
    { what: 'input of the query, key and value projections', lean: input, pytorch: rows },
    { what: 'input of the output projection', lean: rows },
    { what: 'inputs of the feed-forward projections', lean: '0', pytorch: `${rows} + B·${queries}·${feedForward}` },
  ];
}
