import {
  Embedding,
  Module,
  RMSNorm,
  rotaryTable,
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
import type { LlamaConfig } from './config.js';
import { inverseFrequencies } from './rope.js';

/** A pre-RMSNorm layer with rotary grouped-query attention and a gated feed-forward network. */
function llamaLayer(config: LlamaConfig): LayerOptions {
  const { hiddenSize } = config;
  const block = (normName: string, dropoutName: string): BlockOptions => ({
    normPlacement: 'before',
    makeNorm: (source, width = hiddenSize) => new RMSNorm(width, config.rmsNormEpsilon, source),
    normName,
    dropout: 0,
    dropoutName,
  });
  return {
    attention: {
      ...block('input_layernorm', 'self_attn.dropout'),
      shape: {
        hiddenSize,
        heads: config.attentionHeads,
        keyValueHeads: config.keyValueHeads,
        headSize: config.headSize,
        bias: config.queryKeyValueBias,
        outputBias: config.attentionOutputBias,
        dropout: config.attentionDropout,
      },
      name: 'self_attn',
      projections: { query: 'q_proj', key: 'k_proj', value: 'v_proj' },
      outputName: 'self_attn.o_proj',
    },
    feedForward: {
      ...block('post_attention_layernorm', 'mlp.dropout'),
      hiddenSize,
      intermediateSize: config.intermediateSize,
      activation: config.hiddenActivation,
      names: { gate: 'mlp.gate_proj', up: 'mlp.up_proj', down: 'mlp.down_proj' },
      bias: config.feedForwardBias,
    },
  };
}

/** `model.*` of a Llama checkpoint: the normalised last hidden states [batch, length, hidden]. */
export class LlamaBackbone extends Module<[batch: DeviceBatch], Tensor> {
  readonly embedding: Embedding;
  readonly stack: LayerStack;
  private readonly token: Site;
  private readonly norm: Site;
  private readonly frequencies: Float32Array;

  constructor(config: LlamaConfig, source: ParameterSource) {
    super();
    const { hiddenSize } = config;
    this.frequencies = inverseFrequencies(config.headSize, config.ropeTheta, config.ropeScaling);
    this.embedding = new Embedding(config.vocabularySize, hiddenSize, source.child('embed_tokens'), config.padTokenId);
    this.token = this.addChild('embed_tokens', new Site({ name: 'embeddings.token' }, this.embedding));
    this.stack = this.addChild(
      'layers',
      new LayerStack('decoder', config.layers, llamaLayer(config), source.child('layers')),
    );
    const norm = new RMSNorm(hiddenSize, config.rmsNormEpsilon, source.child('norm'));
    this.norm = this.addChild('norm', new Site({ name: 'finalNorm' }, norm));
  }

  protected forward(batch: DeviceBatch): Tensor {
    const { inputs, selection, host } = batch;
    const hidden = this.token.call(withSelection(inputs.inputIds!, selection)); // [batch, length, hidden]
    // One row of angles serves all, unless tokens are arranged anew or selected.
    const rows = selection === undefined ? 1 : batch.size;
    const positions = inputs.positionIds ?? batchTensor(ascendingPositions({ ...host, size: rows }));
    const rotary = rotaryTable(positions, this.frequencies, selection);
    return this.norm.call(this.stack.call(hidden, { mask: causalMask(batch), rotary }));
  }
}
