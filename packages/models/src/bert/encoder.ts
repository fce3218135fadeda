import { LayerNorm, type Batch, type HostArray } from '@leantune/core';
import { EncoderBackbone } from '../encoder/backbone.js';
import type { Encoder } from '../encoder/model.js';
import type { BlockOptions } from '../transformer/block.js';
import type { LayerOptions } from '../transformer/layer.js';
import type { BertConfig } from './config.js';

/** A post-LayerNorm layer with BERT's names. */
function bertLayer(config: BertConfig): LayerOptions {
  const { hiddenSize, attentionHeads, layerNormEpsilon } = config;
  const block = (output: string): BlockOptions => ({
    normPlacement: 'after',
    makeNorm: (source, width = hiddenSize) => new LayerNorm(width, layerNormEpsilon, source),
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

export interface BertFamily {
  /** `model_type` and the prefix of parameters. */
  readonly family: 'bert' | 'roberta';
  readonly positions: (batch: Batch) => HostArray;
  /** Row of the position table that gets no gradient. */
  readonly positionPadding?: number;
  /** Rows of the position table that stand for no place in a text. */
  readonly reservedPositions?: number;
}

/** `bert.*` or `roberta.*` of a checkpoint, without the pooler. */
export function bertEncoder(config: BertConfig, options: BertFamily): Encoder {
  const { family, positions, positionPadding, reservedPositions = 0 } = options;
  const { hiddenSize, vocabularySize, positionRows, typeVocabularySize, layerNormEpsilon, padTokenId } = config;
  return {
    family,
    hiddenSize,
    vocabularySize,
    typeVocabularySize,
    maxPositions: positionRows - reservedPositions,
    make: (source) =>
      new EncoderBackbone(
        {
          embeddings: {
            hiddenSize,
            vocabularySize,
            padTokenId,
            positionRows,
            positions,
            ...(positionPadding === undefined ? {} : { positionPadding }),
            typeVocabularySize,
            layerNormEpsilon,
            dropout: config.hiddenDropout,
          },
          layersName: 'encoder.layer',
          layers: config.layers,
          layer: bertLayer(config),
        },
        source,
      ),
  };
}
