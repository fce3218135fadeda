import { RandomParameterSource } from '@leantune/core';
import type { ResidualBlock, TransformerLayer, TransformerModel } from '@leantune/models';
import { messages } from '../messages.js';
import { Bottleneck, type BottleneckOptions } from './bottleneck.js';
import type { SumMaker } from './sums.js';

/** The halves of a layer that an adapter can stand in. */
export type AdaptedBlock = 'attention' | 'feedForward';

/** Name of the one adapter, where the `adapters` library lets its users choose. */
const adapterName = 't';
/** Of the library's fresh weights. */
const standardDeviation = 0.02;

/** Width of the bottleneck: hidden / reduction, rounded down, at least 1. */
export function bottleneckWidth(hiddenSize: number, reduction: number): number {
  return Math.max(1, Math.floor(hiddenSize / reduction));
}

/** Trains the head and a fresh adapter in each of the given blocks of every layer. */
export function insertAdapters(
  model: TransformerModel,
  blocks: readonly AdaptedBlock[],
  Sum: SumMaker,
  options: BottleneckOptions,
  seed: number,
): void {
  model.setTrained((name) => model.isHeadParameter(name));
  for (const layer of model.stacks.flatMap((stack) => stack.layers)) {
    for (const half of blocks) {
      const block = layer[half];
      const name = `${adapterFolder(layer, block, half)}.${adapterName}`;
      const source = new RandomParameterSource(seed, standardDeviation, `${layer.path}.${name}.`);
      block.insertSum(name, new Sum(new Bottleneck(model.hiddenSize, options, source)));
    }
  }
}

/** Whether no block has an adapter yet. */
export function supportsAdapters(model: TransformerModel): true | string {
  const blocks = model.stacks.flatMap(({ layers }) => layers.flatMap((layer) => [layer.attention, layer.feedForward]));
  return blocks.every(({ sum }) => sum === undefined) || messages.hasAdapters();
}

/**
 * Where the `adapters` library keeps a block's adapters, relative to the layer: in the module that holds the
 * normalisation (BERT: `attention.output.adapters`), else beside the layer's modules (`attention_adapters.adapters`).
 */
function adapterFolder(layer: TransformerLayer, block: ResidualBlock, half: AdaptedBlock): string {
  const norm = block.norm.path.slice(layer.path.length + 1);
  const holder = norm.slice(0, Math.max(0, norm.lastIndexOf('.')));
  if (holder !== '') return `${holder}.adapters`;
  return `${half === 'attention' ? 'attention' : 'output'}_adapters.adapters`;
}
