import {
  Dropout,
  Embedding,
  LayerNorm,
  Module,
  add,
  withSelection,
  type DeviceBatch,
  type ParameterSource,
  type Tensor,
} from '@leantune/core';
import type { BlockOptions } from '../transformer/block.js';
import type { LayerOptions } from '../transformer/layer.js';
import { causalMask } from '../transformer/masks.js';
import { ascendingPositions, batchTensor } from '../transformer/positions.js';
import { Site } from '../transformer/site.js';
import { LayerStack } from '../transformer/stack.js';
import type { Gpt2Config } from './config.js';

/** A pre-LayerNorm layer whose weights lie [in, out] (Conv1D), query, key and value in one. */
function gpt2Layer(config: Gpt2Config, layer: number): LayerOptions {
  const { hiddenSize, attentionHeads, layerNormEpsilon } = config;
  const block = (normName: string, dropoutName: string): BlockOptions => ({
    normPlacement: 'before',
    makeNorm: (source, width = hiddenSize) => new LayerNorm(width, layerNormEpsilon, source),
    normName,
    dropout: config.hiddenDropout,
    dropoutName,
  });
  const byHeadSize = config.scaleByHeadSize ? Math.sqrt(hiddenSize / attentionHeads) : 1;
  return {
    attention: {
      ...block('ln_1', 'attn.resid_dropout'),
      shape: {
        hiddenSize,
        heads: attentionHeads,
        dropout: config.attentionDropout,
        scaling: 1 / (byHeadSize * (config.scaleByLayer ? layer + 1 : 1)),
      },
      name: 'attn',
      projections: { queryKeyValue: 'c_attn', layout: 'in-out' },
      outputName: 'attn.c_proj',
      outputLayout: 'in-out',
    },
    feedForward: {
      ...block('ln_2', 'mlp.dropout'),
      hiddenSize,
      intermediateSize: config.intermediateSize,
      activation: config.hiddenActivation,
      layout: 'in-out',
      names: { up: 'mlp.c_fc', down: 'mlp.c_proj' },
    },
  };
}

/** `transformer.*` of a GPT-2 checkpoint: the normalised last hidden states [batch, length, hidden]. */
export class Gpt2Backbone extends Module<[batch: DeviceBatch], Tensor> {
  readonly embedding: Embedding;
  readonly stack: LayerStack;
  private readonly token: Site;
  private readonly position: Site;
  private readonly dropout: Dropout;
  private readonly norm: Site;

  constructor(config: Gpt2Config, source: ParameterSource) {
    super();
    const { hiddenSize, vocabularySize, maxPositions, layerNormEpsilon } = config;
    this.embedding = new Embedding(vocabularySize, hiddenSize, source.child('wte'));
    this.token = this.addChild('wte', new Site({ name: 'embeddings.token' }, this.embedding));
    const positions = new Embedding(maxPositions, hiddenSize, source.child('wpe'));
    this.position = this.addChild('wpe', new Site({ name: 'embeddings.position' }, positions));
    this.dropout = this.addChild('drop', new Dropout(config.embeddingDropout));
    const layers = new LayerStack('decoder', config.layers, (layer) => gpt2Layer(config, layer), source.child('h'));
    this.stack = this.addChild('h', layers);
    const norm = new LayerNorm(hiddenSize, layerNormEpsilon, source.child('ln_f'));
    this.norm = this.addChild('ln_f', new Site({ name: 'finalNorm' }, norm));
  }

  protected forward(batch: DeviceBatch): Tensor {
    const { inputs, selection, host } = batch;
    // Positions run from 0, also behind padding on the left.
    const positions = inputs.positionIds ?? batchTensor(ascendingPositions(host));
    const look = (site: Site, ids: Tensor) => site.call(withSelection(ids, selection)); // [batch, length, hidden]
    const embedded = this.dropout.call(add(look(this.token, inputs.inputIds!), look(this.position, positions)));
    return this.norm.call(this.stack.call(embedded, { mask: causalMask(batch, true) }));
  }
}
