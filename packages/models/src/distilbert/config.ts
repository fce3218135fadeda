import { z } from 'zod';
import {
  assertHeadsDivide,
  parseConfig,
  positive,
  probability,
  size,
  tokenId,
  layerCount,
  assertPadToken,
} from '../config/parseConfig.js';
import { activationName, type ActivationName } from '../transformer/activation.js';

/** `config.json` of DistilBERT as Hugging Face writes it; defaults are those of `transformers.DistilBertConfig`. */
const distilBertConfigFile = z.looseObject({
  vocab_size: size,
  dim: size,
  n_layers: layerCount,
  n_heads: size,
  hidden_dim: size,
  activation: activationName.default('gelu'),
  dropout: probability.default(0.1),
  attention_dropout: probability.default(0.1),
  seq_classif_dropout: probability.default(0.2),
  qa_dropout: probability.default(0.1),
  max_position_embeddings: size.default(512),
  sinusoidal_pos_embds: z.boolean().default(false),
  initializer_range: positive.default(0.02),
  pad_token_id: tokenId.nullable().default(0),
});

/** Shape and hyper-parameters of a DistilBERT encoder. */
export interface DistilBertConfig {
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly attentionHeads: number;
  readonly intermediateSize: number;
  readonly hiddenActivation: ActivationName;
  /** Dropout after the embeddings and the feed-forward output; there is none after the attention output. */
  readonly hiddenDropout: number;
  readonly attentionDropout: number;
  /** Dropout before the last layer of the heads for whole texts, and of the one for spans. */
  readonly classifierDropout: number;
  readonly spanDropout: number;
  readonly positionRows: number;
  /** Whether fresh positions are the sines of Vaswani et al. 2017; a checkpoint holds its table either way. */
  readonly sinusoidalPositions: boolean;
  readonly initializerRange: number;
  readonly padTokenId: number | undefined;
}

/**
 * Reads the content of a `config.json` of DistilBERT.
 * @throws ConfigurationError naming every key that is missing or wrong.
 */
export function parseDistilBertConfig(json: unknown, file?: string): DistilBertConfig {
  const found = parseConfig(distilBertConfigFile, json, file);
  assertHeadsDivide(found.dim, found.n_heads, 'n_heads', file);
  assertPadToken(found.pad_token_id ?? undefined, found.vocab_size, file);
  return {
    vocabularySize: found.vocab_size,
    hiddenSize: found.dim,
    layers: found.n_layers,
    attentionHeads: found.n_heads,
    intermediateSize: found.hidden_dim,
    hiddenActivation: found.activation,
    hiddenDropout: found.dropout,
    attentionDropout: found.attention_dropout,
    classifierDropout: found.seq_classif_dropout,
    spanDropout: found.qa_dropout,
    positionRows: found.max_position_embeddings,
    sinusoidalPositions: found.sinusoidal_pos_embds,
    initializerRange: found.initializer_range,
    padTokenId: found.pad_token_id ?? undefined,
  };
}
