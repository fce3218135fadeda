import {
  LayerNorm,
  Module,
  UsageError,
  type Batch,
  type DeviceBatch,
  type ParameterSource,
  type Tensor,
} from '@leantune/core';
import type { Encoder } from '../encoder/model.js';
import { SequenceModel } from '../encoder/sequenceModel.js';
import { imageShape, imagesMissing } from '../messages.js';
import type { BlockOptions } from '../transformer/block.js';
import type { HeadOptions } from '../transformer/head.js';
import type { LayerOptions } from '../transformer/layer.js';
import { Site } from '../transformer/site.js';
import { LayerStack } from '../transformer/stack.js';
import { patchCount, type VitConfig } from './config.js';
import { VitEmbeddings } from './embeddings.js';

/** A pre-LayerNorm layer with ViT's names. */
function vitLayer(config: VitConfig): LayerOptions {
  const { hiddenSize, attentionHeads, intermediateSize, queryKeyValueBias } = config;
  const block = (normName: string, dropoutName: string): BlockOptions => ({
    normPlacement: 'before',
    makeNorm: (source, width = hiddenSize) => new LayerNorm(width, config.layerNormEpsilon, source),
    normName,
    dropout: config.hiddenDropout,
    dropoutName,
  });
  return {
    attention: {
      ...block('layernorm_before', 'attention.output.dropout'),
      shape: {
        hiddenSize,
        heads: attentionHeads,
        bias: queryKeyValueBias,
        outputBias: true,
        dropout: config.attentionDropout,
      },
      name: 'attention.attention',
      projections: { query: 'query', key: 'key', value: 'value' },
      outputName: 'attention.output.dense',
    },
    feedForward: {
      ...block('layernorm_after', 'output.dropout'),
      hiddenSize,
      intermediateSize,
      activation: config.hiddenActivation,
      names: { up: 'intermediate.dense', down: 'output.dense' },
    },
  };
}

/** `vit.*` of a checkpoint: the normalised last hidden states [batch, 1 + patches, hidden]. */
class VitBackbone extends Module<[batch: DeviceBatch], Tensor> {
  readonly stack: LayerStack;
  private readonly embeddings: VitEmbeddings;
  private readonly norm: Site;

  constructor(config: VitConfig, source: ParameterSource) {
    super();
    this.embeddings = this.addChild('embeddings', new VitEmbeddings(config, source.child('embeddings')));
    const layers = 'encoder.layer';
    const stack = new LayerStack('encoder', config.layers, vitLayer(config), source.child(layers));
    this.stack = this.addChild(layers, stack);
    const norm = new LayerNorm(config.hiddenSize, config.layerNormEpsilon, source.child('layernorm'));
    this.norm = this.addChild('layernorm', new Site({ name: 'finalNorm' }, norm));
  }

  protected forward(batch: DeviceBatch): Tensor {
    return this.norm.call(this.stack.call(this.embeddings.call(batch), { mask: {} }));
  }
}

function vitEncoder(config: VitConfig): Encoder {
  return {
    family: 'vit',
    hiddenSize: config.hiddenSize,
    maxPositions: patchCount(config) + 1,
    vocabularySize: undefined,
    make: (source) => new VitBackbone(config, source),
  };
}

/** ViT with a linear classifier on its class token. */
export class VitForImageClassification extends SequenceModel {
  constructor(
    private readonly config: VitConfig,
    architecture: string,
    head: HeadOptions,
    source: ParameterSource,
  ) {
    const layers = { dropout: { name: 'dropout', rate: 0 }, outputName: 'classifier' };
    super(vitEncoder(config), { architecture, head, headNames: ['classifier'], layers }, source);
  }

  override checkBatch(batch: Batch): void {
    const { channels, image } = this.config;
    const { pixelValues } = batch.inputs;
    if (pixelValues === undefined) throw new UsageError(imagesMissing(this.architecture), { code: 'LEANTUNE_IMAGE' });
    const expected = [batch.size, channels, image.height, image.width];
    if (pixelValues.shape.join() !== expected.join()) {
      throw new UsageError(imageShape(pixelValues.shape, expected), { code: 'LEANTUNE_IMAGE' });
    }
    // What a batch calls its length is no length in tokens here.
    super.checkBatch({ ...batch, length: this.maxPositions });
  }
}
