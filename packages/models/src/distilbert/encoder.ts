import { LayerNorm, scope, tensorFrom, type Parameter } from '@leantune/core';
import { EncoderBackbone } from '../encoder/backbone.js';
import type { Encoder } from '../encoder/model.js';
import type { LayerOptions } from '../transformer/layer.js';
import { ascendingPositions } from '../transformer/positions.js';
import type { DistilBertConfig } from './config.js';

/** `layer_norm_eps` is no key of its configuration. */
const LAYER_NORM_EPSILON = 1e-12;

/** A post-LayerNorm layer with DistilBERT's names. */
function distilBertLayer(config: DistilBertConfig): LayerOptions {
  const { hiddenSize, attentionHeads, intermediateSize } = config;
  const after = (normName: string) =>
    ({
      normPlacement: 'after',
      makeNorm: (source, width = hiddenSize) => new LayerNorm(width, LAYER_NORM_EPSILON, source),
      normName,
    }) satisfies Partial<LayerOptions['attention']>;
  return {
    attention: {
      ...after('sa_layer_norm'),
      dropout: 0,
      dropoutName: 'sa_dropout',
      shape: { hiddenSize, heads: attentionHeads, dropout: config.attentionDropout },
      name: 'attention',
      projections: { query: 'q_lin', key: 'k_lin', value: 'v_lin' },
      outputName: 'attention.out_lin',
    },
    feedForward: {
      ...after('output_layer_norm'),
      dropout: config.hiddenDropout,
      dropoutName: 'ffn.dropout',
      hiddenSize,
      intermediateSize,
      activation: config.hiddenActivation,
      names: { up: 'ffn.lin1', down: 'ffn.lin2' },
    },
  };
}

/** `distilbert.*` of a checkpoint. */
export function distilBertEncoder(config: DistilBertConfig): Encoder {
  const { hiddenSize, vocabularySize, positionRows, padTokenId } = config;
  return {
    family: 'distilbert',
    hiddenSize,
    vocabularySize,
    maxPositions: positionRows,
    make: (source) => {
      const backbone = new EncoderBackbone(
        {
          embeddings: {
            hiddenSize,
            vocabularySize,
            padTokenId,
            positionRows,
            positions: ascendingPositions,
            layerNormEpsilon: LAYER_NORM_EPSILON,
            dropout: config.hiddenDropout,
          },
          layersName: 'transformer.layer',
          layers: config.layers,
          layer: distilBertLayer(config),
        },
        source,
      );
      // A checkpoint's values, which are read later, take the place of these.
      if (config.sinusoidalPositions) fillWithSines(backbone.embeddings.positionTable.weight);
      return backbone;
    },
  };
}

/** Position p, feature j: sine (even j) or cosine (odd j) of p / 10000^(2⌊j/2⌋ / features). */
function fillWithSines(table: Parameter): void {
  const [rows, features] = table.shape as [number, number];
  const values = Float32Array.from({ length: rows * features }, (_, index) => {
    const [position, feature] = [Math.floor(index / features), index % features];
    const angle = position / 10000 ** ((2 * Math.floor(feature / 2)) / features);
    return feature % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  });
  scope(() => table.assign(tensorFrom(values, table.shape)));
}
