import {
  Embedding,
  LayerNorm,
  Linear,
  Module,
  add,
  withSelection,
  type Batch,
  type DeviceBatch,
  type HostArray,
  type ParameterSource,
  type Tensor,
} from '@leantune/core';
import type { BlockOptions } from '../transformer/block.js';
import type { LayerOptions } from '../transformer/layer.js';
import { causalMask } from '../transformer/masks.js';
import { batchTensor, countedPositions, hostIds } from '../transformer/positions.js';
import { Site } from '../transformer/site.js';
import { LayerStack } from '../transformer/stack.js';
import type { OptConfig } from './config.js';

/** The first rows of the position table are no positions: a leftover of fairseq. */
const positionOffset = 2;
const paddingRow = positionOffset - 1;
const layerNormEpsilon = 1e-5;

/** Rows of the position table: tokens are counted by the mask, so that padding on the left shifts nothing. */
export function optPositions(batch: Batch): HostArray {
  const { attentionMask, positionIds } = batch.inputs;
  if (positionIds !== undefined) {
    return hostIds(
      batch.size,
      batch.length,
      (row, column) => positionIds.data[row * batch.length + column]! + positionOffset,
    );
  }
  return countedPositions(batch, (index) => attentionMask?.data[index] !== 0, positionOffset, paddingRow);
}

/** A layer with its normalisations before (most sizes) or after (350m). */
function optLayer(config: OptConfig): LayerOptions {
  const { hiddenSize, attentionHeads, bias } = config;
  const block = (normName: string, dropoutName: string): BlockOptions => ({
    normPlacement: config.normPlacement,
    makeNorm: (source, width = hiddenSize) => new LayerNorm(width, layerNormEpsilon, source),
    normName,
    dropout: config.hiddenDropout,
    dropoutName,
  });
  return {
    attention: {
      ...block('self_attn_layer_norm', 'self_attn_dropout'),
      shape: { hiddenSize, heads: attentionHeads, bias, dropout: config.attentionDropout },
      name: 'self_attn',
      projections: { query: 'q_proj', key: 'k_proj', value: 'v_proj' },
      outputName: 'self_attn.out_proj',
    },
    feedForward: {
      ...block('final_layer_norm', 'dropout'),
      hiddenSize,
      intermediateSize: config.intermediateSize,
      activation: config.hiddenActivation,
      bias,
      names: { up: 'fc1', down: 'fc2' },
    },
  };
}

class OptDecoder extends Module<[batch: DeviceBatch], Tensor> {
  readonly embedding: Embedding;
  readonly stack: LayerStack;
  private readonly token: Site;
  private readonly position: Site;
  private readonly projectIn: Site | undefined;
  private readonly norm: Site | undefined;
  private readonly projectOut: Site | undefined;

  constructor(config: OptConfig, source: ParameterSource) {
    super();
    const { hiddenSize, embeddingSize, vocabularySize, maxPositions } = config;
    const project = (name: string, site: string, from: number, to: number) => {
      if (embeddingSize === hiddenSize) return undefined;
      return this.addChild(name, new Site({ name: site }, new Linear(from, to, source.child(name), { bias: false })));
    };
    this.embedding = new Embedding(vocabularySize, embeddingSize, source.child('embed_tokens'), config.padTokenId);
    this.token = this.addChild('embed_tokens', new Site({ name: 'embeddings.token' }, this.embedding));
    const positions = new Embedding(maxPositions + positionOffset, hiddenSize, source.child('embed_positions'));
    this.position = this.addChild('embed_positions', new Site({ name: 'embeddings.position' }, positions));
    this.projectIn = project('project_in', 'embeddings.projection', embeddingSize, hiddenSize);
    const layers = new LayerStack('decoder', config.layers, optLayer(config), source.child('layers'));
    this.stack = this.addChild('layers', layers);
    const norm = config.finalNorm
      ? new LayerNorm(hiddenSize, layerNormEpsilon, source.child('final_layer_norm'))
      : undefined;
    this.norm = norm && this.addChild('final_layer_norm', new Site({ name: 'finalNorm' }, norm));
    this.projectOut = project('project_out', 'outputProjection', hiddenSize, embeddingSize);
  }

  protected forward(batch: DeviceBatch): Tensor {
    const { inputs, selection, host } = batch;
    const words = this.token.call(withSelection(inputs.inputIds!, selection)); // [batch, length, embedding]
    const positions = this.position.call(withSelection(batchTensor(optPositions(host)), selection));
    const embedded = add(this.projectIn?.call(words) ?? words, positions); // [batch, length, hidden]
    const hidden = this.stack.call(embedded, { mask: causalMask(batch) });
    const normalised = this.norm?.call(hidden) ?? hidden;
    return this.projectOut?.call(normalised) ?? normalised;
  }
}

/** `model.*` of an OPT checkpoint: the last hidden states [batch, length, embedding]. */
export class OptBackbone extends Module<[batch: DeviceBatch], Tensor> {
  private readonly decoder: OptDecoder;

  constructor(config: OptConfig, source: ParameterSource) {
    super();
    this.decoder = this.addChild('decoder', new OptDecoder(config, source.child('decoder')));
  }

  get stack(): LayerStack {
    return this.decoder.stack;
  }

  get embedding(): Embedding {
    return this.decoder.embedding;
  }

  protected forward(batch: DeviceBatch): Tensor {
    return this.decoder.call(batch);
  }
}
