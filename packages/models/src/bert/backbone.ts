import {
  LayerNorm,
  Linear,
  Module,
  additiveMask,
  tanh,
  type DeviceBatch,
  type ParameterSource,
  type Tensor,
} from '@leantune/core';
import type { BlockOptions } from '../transformer/block.js';
import type { LayerOptions } from '../transformer/layer.js';
import { Site } from '../transformer/site.js';
import { LayerStack } from '../transformer/stack.js';
import type { BertConfig } from './config.js';
import { BertEmbeddings, type PositionRule } from './embeddings.js';

/** A post-LayerNorm layer with BERT's names. */
function bertLayer(config: BertConfig): LayerOptions {
  const { hiddenSize, attentionHeads, layerNormEpsilon } = config;
  const block = (output: string): BlockOptions => ({
    normPlacement: 'after',
    makeNorm: (source) => new LayerNorm(hiddenSize, layerNormEpsilon, source),
    normName: `${output}.LayerNorm`,
    dropout: config.hiddenDropout,
    dropoutName: `${output}.dropout`,
  });
  return {
    attention: {
      ...block('attention.output'),
      shape: { hiddenSize, heads: attentionHeads, dropout: config.attentionDropout },
      name: 'attention.self',
      projections: { query: 'query', key: 'key', value: 'value' },
      outputName: 'attention.output.dense',
    },
    feedForward: {
      ...block('output'),
      hiddenSize,
      intermediateSize: config.intermediateSize,
      activation: config.hiddenActivation,
      names: { up: 'intermediate.dense', down: 'output.dense' },
    },
  };
}

/** tanh(dense(pooled token vector)). */
class BertPooler extends Module<[x: Tensor], Tensor> {
  private readonly dense: Site;

  constructor(config: BertConfig, source: ParameterSource) {
    super();
    const dense = new Linear(config.hiddenSize, config.hiddenSize, source.child('dense'));
    this.dense = this.addChild('dense', new Site({ name: 'pooler' }, dense));
  }

  protected forward(x: Tensor): Tensor {
    return tanh(this.dense.call(x));
  }
}

export interface BackboneOptions {
  readonly positions: PositionRule;
  /** Row of the position table that gets no gradient. */
  readonly positionPadding?: number;
  readonly pooler: boolean;
}

/** `bert.*` or `roberta.*` of a checkpoint: the last hidden states [batch, length, hidden]. */
export class BertBackbone extends Module<[batch: DeviceBatch], Tensor> {
  readonly stack: LayerStack;
  private readonly embeddings: BertEmbeddings;
  private readonly pooler: BertPooler | undefined;

  constructor(config: BertConfig, options: BackboneOptions, source: ParameterSource) {
    super();
    const { positions, positionPadding, pooler } = options;
    this.embeddings = this.addChild(
      'embeddings',
      new BertEmbeddings(config, positions, source.child('embeddings'), positionPadding),
    );
    const layers = 'encoder.layer';
    this.stack = this.addChild(
      layers,
      new LayerStack('encoder', config.layers, bertLayer(config), source.child(layers)),
    );
    this.pooler = pooler ? this.addChild('pooler', new BertPooler(config, source.child('pooler'))) : undefined;
  }

  /** [batch, hidden] of the pooled tokens → [batch, hidden]. */
  poolerOutput(pooled: Tensor): Tensor {
    return this.pooler?.call(pooled) ?? pooled;
  }

  protected forward(batch: DeviceBatch): Tensor {
    return this.stack.call(this.embeddings.call(batch), { mask: { keys: additiveMask(batch.inputs.attentionMask!) } });
  }
}
