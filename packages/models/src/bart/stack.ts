import {
  Dropout,
  Embedding,
  LayerNorm,
  Module,
  add,
  scale,
  withSelection,
  type ParameterSource,
  type Tensor,
  type TokenSelection,
} from '@leantune/core';
import type { AttentionBlockOptions } from '../transformer/attentionBlock.js';
import type { BlockOptions } from '../transformer/block.js';
import type { LayerContext } from '../transformer/context.js';
import type { LayerOptions } from '../transformer/layer.js';
import { batchTensor, hostIds } from '../transformer/positions.js';
import { Site } from '../transformer/site.js';
import { LayerStack } from '../transformer/stack.js';
import type { BartConfig } from './config.js';

/** The first rows of the position table are no positions: a leftover of fairseq. */
const positionOffset = 2;
const layerNormEpsilon = 1e-5;

/** A post-LayerNorm layer; the decoder's also attends to what the encoder gave. */
function bartLayer(config: BartConfig, kind: 'encoder' | 'decoder'): LayerOptions {
  const { hiddenSize } = config;
  const { attentionHeads, intermediateSize } = config[kind];
  const block = (normName: string, dropoutName: string): BlockOptions => ({
    normPlacement: 'after',
    makeNorm: (source, width = hiddenSize) => new LayerNorm(width, layerNormEpsilon, source),
    normName,
    dropout: config.hiddenDropout,
    dropoutName,
  });
  const attention = (name: string): AttentionBlockOptions => ({
    ...block(`${name}_layer_norm`, `${name}_dropout`),
    shape: { hiddenSize, heads: attentionHeads, dropout: config.attentionDropout },
    name,
    projections: { query: 'q_proj', key: 'k_proj', value: 'v_proj' },
    outputName: `${name}.out_proj`,
  });
  return {
    attention: attention('self_attn'),
    ...(kind === 'decoder' ? { crossAttention: attention('encoder_attn') } : {}),
    feedForward: {
      ...block('final_layer_norm', 'dropout'),
      hiddenSize,
      intermediateSize,
      activation: config.hiddenActivation,
      activationDropout: config.activationDropout,
      names: { up: 'fc1', down: 'fc2' },
    },
  };
}

/** Encoder or decoder: token ids int32 [batch, length] to hidden states [batch, length, hidden]. */
export class BartStack extends Module<
  [ids: Tensor, selection: TokenSelection | undefined, context: LayerContext],
  Tensor
> {
  readonly stack: LayerStack;
  private readonly position: Site;
  private readonly norm: Site;
  private readonly dropout: Dropout;
  private readonly embeddingScale: number | undefined;

  /** @param token the look-up of tokens, which encoder and decoder share */
  constructor(
    kind: 'encoder' | 'decoder',
    config: BartConfig,
    private readonly token: Site,
    source: ParameterSource,
  ) {
    super();
    const { hiddenSize, maxPositions } = config;
    this.embeddingScale = config.scaleEmbedding ? Math.sqrt(hiddenSize) : undefined;
    const positions = new Embedding(maxPositions + positionOffset, hiddenSize, source.child('embed_positions'));
    const place = (name: string) => ({ name: `embeddings.${name}`, stack: kind });
    this.position = this.addChild('embed_positions', new Site(place('position'), positions));
    const norm = new LayerNorm(hiddenSize, layerNormEpsilon, source.child('layernorm_embedding'));
    this.norm = this.addChild('layernorm_embedding', new Site(place('norm'), norm));
    this.dropout = this.addChild('dropout', new Dropout(config.hiddenDropout));
    const layers = new LayerStack(kind, config[kind].layers, bartLayer(config, kind), source.child('layers'));
    this.stack = this.addChild('layers', layers);
  }

  protected forward(ids: Tensor, selection: TokenSelection | undefined, context: LayerContext): Tensor {
    const [size, length] = ids.shape as [number, number];
    const words = this.token.call(withSelection(ids, selection)); // [batch, length, hidden]
    const scaled = this.embeddingScale === undefined ? words : scale(words, this.embeddingScale);
    const rows = batchTensor(hostIds(size, length, (_, column) => column + positionOffset)); // padding included
    const embedded = this.stack.extendEmbeddings(scaled);
    const summed = add(embedded, this.position.call(withSelection(rows, selection)));
    return this.stack.call(this.dropout.call(this.norm.call(summed)), context);
  }
}
