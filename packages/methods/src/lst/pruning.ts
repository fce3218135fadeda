/** Side layers that start as the backbone's most important rows and columns (Sung et al. 2022, section 3.3). */
import { Embedding, Linear, holdsValues, scope, type Tensor } from '@leantune/core';
import { Site, type LayerStack, type TransformerLayer, type TransformerModel } from '@leantune/models';
import { linearAt } from '../lora/linearSites.js';

/** A weight on the host: [rows, columns] = [out, in]. */
interface Matrix {
  readonly values: ArrayLike<number>;
  readonly rows: number;
  readonly columns: number;
}

/** Features of a layer that its side layer keeps, in ascending order, by what stands along that axis of a weight. */
interface KeptFeatures {
  readonly hidden: readonly number[];
  readonly query: readonly number[];
  readonly keyValue: readonly number[];
  readonly queryKeyValue: readonly number[];
  readonly feedForward: readonly number[];
}

/**
 * Structural pruning by magnitude (Li et al. 2017: the sum of absolute weights), which needs no data, where the paper
 * takes Fisher information. Hidden features are the same in all layers, ranked by the embeddings of the tokens, as in the
 * published code's variant for residual streams; features of heads and of the feed-forward network are ranked in each layer, those
 * of heads within their head.
 */
export function startFromBackbone(
  model: TransformerModel,
  stack: LayerStack,
  side: LayerStack,
  reduction: number,
): void {
  if (!holdsValues()) return;
  const hidden = largest(hiddenImportance(model, stack), model.hiddenSize / reduction);
  stack.layers.forEach((layer, index) => {
    const kept = keptFeatures(layer, hidden, reduction, rotates(model));
    const pairs = sitesOf(layer).map((site, at) => [site, sitesOf(side.layers[index]!)[at]!] as const);
    for (const [from, to] of pairs) copyKept(from, to, kept);
  });
}

const sitesOf = (layer: TransformerLayer): Site[] =>
  [...layer.modules()].filter((module): module is Site => module instanceof Site);

/** Whether heads turn their features in pairs: models without embeddings of positions do. */
const rotates = ({ sites }: TransformerModel) => !sites.some(({ address }) => address.name === 'embeddings.position');

/** By the embeddings of the tokens; where there are none of that width, by what the lowest layer reads. */
function hiddenImportance(model: TransformerModel, stack: LayerStack): number[] {
  const embedding = model.sites.find(({ address }) => address.name === 'embeddings.token')?.module;
  const weight = embedding instanceof Embedding ? embedding.weight : undefined;
  if (weight?.shape[1] === model.hiddenSize) return columnSums(matrixOf(() => weight));
  const readers = sitesOf(stack.layers[0]!).filter(({ address }) => /query|key|value/.test(address.name));
  return readers.map((site) => columnSums(weightOf(site))).reduce(added);
}

function keptFeatures(
  layer: TransformerLayer,
  hidden: readonly number[],
  reduction: number,
  inPairs: boolean,
): KeptFeatures {
  const { shape } = layer.options.attention;
  const { heads, keyValueHeads = heads, headSize = shape.hiddenSize / heads } = shape;
  const byName = new Map(sitesOf(layer).map((site) => [site.address.name, site]));
  const rowImportance = (name: string) => {
    const site = byName.get(name);
    return site === undefined ? undefined : rowSums(weightOf(site), hidden);
  };
  const width = heads * headSize;
  const fused = rowImportance('attention.queryKeyValue');
  const part = (name: string, from: number) => rowImportance(name) ?? fused!.slice(from, from + width);
  const query = part('attention.query', 0);
  const keyValue = added(part('attention.key', width), part('attention.value', 2 * width));
  const group = heads / keyValueHeads;
  /** Of each head of keys: what it, its values and its queries weigh. */
  const keptOfHead = Array.from({ length: keyValueHeads }, (_, head) => {
    if (inPairs) return everyNthPair(headSize, reduction);
    const queries = Array.from({ length: group }, (_each, index) => sliceOf(query, head * group + index, headSize));
    return largest([sliceOf(keyValue, head, headSize), ...queries].reduce(added), headSize / reduction);
  });
  const ofHeads = (count: number) =>
    Array.from({ length: count }, (_, head) =>
      keptOfHead[Math.floor((head * keyValueHeads) / count)]!.map((feature) => head * headSize + feature),
    ).flat();
  const keptQueries = ofHeads(heads);
  const { intermediateSize } = layer.options.feedForward;
  const inner = ['ffn.up', 'ffn.gate'].map(rowImportance).filter((sums) => sums !== undefined);
  return {
    hidden,
    query: keptQueries,
    keyValue: ofHeads(keyValueHeads),
    queryKeyValue: [0, 1, 2].flatMap((third) => keptQueries.map((feature) => third * width + feature)),
    feedForward: largest(inner.reduce(added), intermediateSize / reduction),
  };
}

/** The pairs (i, i + half) whose angles are those of a narrow head. */
function everyNthPair(headSize: number, reduction: number): number[] {
  return Array.from(
    { length: headSize / reduction },
    (_, index) => index * reduction, // half is a multiple of the reduction
  );
}

/** Rows and columns of each site's weight. */
const axes: Readonly<Record<string, readonly [rows: keyof KeptFeatures, columns: keyof KeptFeatures]>> = {
  'attention.query': ['query', 'hidden'],
  'attention.key': ['keyValue', 'hidden'],
  'attention.value': ['keyValue', 'hidden'],
  'attention.queryKeyValue': ['queryKeyValue', 'hidden'],
  'attention.output': ['hidden', 'query'],
  'ffn.gate': ['feedForward', 'hidden'],
  'ffn.up': ['feedForward', 'hidden'],
  'ffn.down': ['hidden', 'feedForward'],
};

function copyKept(from: Site, to: Site, kept: KeptFeatures): void {
  const names = axes[from.address.name];
  if (names === undefined) {
    // A normalisation.
    const parameters = new Map(from.module.namedParameters());
    for (const [name, parameter] of to.module.namedParameters()) {
      const values = parameters.get(name)!.read();
      parameter.fill(Float32Array.from(kept.hidden, (feature) => values[feature]!));
    }
    return;
  }
  const [rows, columns] = names.map((name) => kept[name]) as [readonly number[], readonly number[]];
  const narrow = to.module;
  if (!(narrow instanceof Linear)) throw new TypeError(to.path);
  const weight = weightOf(from);
  const entry = (row: number, column: number) => weight.values[row * weight.columns + column]!;
  const laid =
    narrow.layout === 'out-in'
      ? rows.flatMap((row) => columns.map((column) => entry(row, column)))
      : columns.flatMap((column) => rows.map((row) => entry(row, column)));
  narrow.weight.fill(Float32Array.from(laid));
  const bias = linearAt(from).bias?.read();
  if (bias !== undefined) narrow.bias!.fill(Float32Array.from(rows, (row) => bias[row]!));
}

const weightOf = (site: Site): Matrix => matrixOf(() => linearAt(site).weightOutFirst());

function matrixOf(tensor: () => Tensor): Matrix {
  return scope(() => {
    const found = tensor();
    const [rows, columns] = found.shape as [number, number];
    return { values: found.read(), rows, columns };
  });
}

/** Σ |w| of every row over some columns. */
function rowSums({ values, rows, columns }: Matrix, over: readonly number[]): number[] {
  return Array.from({ length: rows }, (_, row) =>
    over.reduce((sum, column) => sum + Math.abs(values[row * columns + column]!), 0),
  );
}

/** Σ |w| of every column. */
function columnSums({ values, columns }: Matrix): number[] {
  const sums = new Array<number>(columns).fill(0);
  for (let index = 0; index < values.length; index++) sums[index % columns]! += Math.abs(values[index]!);
  return sums;
}

const added = (a: readonly number[], b: readonly number[]): number[] => a.map((value, index) => value + b[index]!);

const sliceOf = (values: readonly number[], index: number, size: number) =>
  values.slice(index * size, (index + 1) * size);

/** Indices of the `count` largest, in ascending order; of equal ones the first. */
function largest(values: readonly number[], count: number): number[] {
  const ranked = values.map((_, index) => index).sort((a, b) => values[b]! - values[a]! || a - b);
  return ranked.slice(0, count).sort((a, b) => a - b);
}
