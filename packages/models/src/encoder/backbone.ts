import { Module, additiveMask, type DeviceBatch, type ParameterSource, type Tensor } from '@leantune/core';
import type { LayerOptions } from '../transformer/layer.js';
import { LayerStack } from '../transformer/stack.js';
import { EncoderEmbeddings, type EncoderEmbeddingOptions } from './embeddings.js';

export interface EncoderBackboneOptions {
  readonly embeddings: EncoderEmbeddingOptions;
  /** Name of the list of layers in a checkpoint, relative to the backbone. */
  readonly layersName: string;
  readonly layers: number;
  readonly layer: LayerOptions;
}

/** Embeddings and layers of a text encoder: the last hidden states [batch, length, hidden]. */
export class EncoderBackbone extends Module<[batch: DeviceBatch], Tensor> {
  readonly embeddings: EncoderEmbeddings;
  readonly stack: LayerStack;

  constructor({ embeddings, layersName, layers, layer }: EncoderBackboneOptions, source: ParameterSource) {
    super();
    this.embeddings = this.addChild('embeddings', new EncoderEmbeddings(embeddings, source.child('embeddings')));
    this.stack = this.addChild(layersName, new LayerStack('encoder', layers, layer, source.child(layersName)));
  }

  protected forward(batch: DeviceBatch): Tensor {
    const { attentionMask } = batch.inputs;
    const keys = attentionMask === undefined ? undefined : additiveMask(attentionMask);
    return this.stack.call(this.embeddings.call(batch), { mask: { keys } });
  }
}
