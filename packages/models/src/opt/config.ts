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

/** `config.json` of OPT as Hugging Face writes it; defaults are those of `transformers.OPTConfig`. */
const optConfigFile = z.looseObject({
  vocab_size: size.default(50_272),
  hidden_size: size,
  num_hidden_layers: layerCount,
  num_attention_heads: size,
  ffn_dim: size,
  word_embed_proj_dim: size.nullish(),
  max_position_embeddings: size.default(2048),
  do_layer_norm_before: z.boolean().default(true),
  _remove_final_layer_norm: z.boolean().default(false),
  layer_norm_elementwise_affine: z.literal(true).default(true),
  enable_bias: z.boolean().default(true),
  activation_function: activationName.default('relu'),
  dropout: probability.default(0.1),
  attention_dropout: probability.default(0),
  layerdrop: z.literal(0).default(0),
  init_std: positive.default(0.02),
  pad_token_id: tokenId.nullable().default(1),
  tie_word_embeddings: z.boolean().default(true),
});

/** Shape and hyper-parameters of an OPT decoder. */
export interface OptConfig {
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  /** Features of the token embeddings and of the head; projected where they are not the hidden ones. */
  readonly embeddingSize: number;
  readonly layers: number;
  readonly attentionHeads: number;
  readonly intermediateSize: number;
  readonly hiddenActivation: ActivationName;
  readonly normPlacement: 'before' | 'after';
  /** Whether a normalisation follows the last layer. */
  readonly finalNorm: boolean;
  /** Biases of the attention's and the feed-forward network's projections. */
  readonly bias: boolean;
  /** Drop-out of what attention and feed-forward network add. */
  readonly hiddenDropout: number;
  readonly attentionDropout: number;
  readonly maxPositions: number;
  readonly initializerRange: number;
  readonly padTokenId: number | undefined;
  readonly tieWordEmbeddings: boolean;
}

/**
 * Reads the content of an OPT `config.json`.
 * @throws ConfigurationError naming every key that is missing or wrong.
 */
export function parseOptConfig(json: unknown, file?: string): OptConfig {
  const found = parseConfig(optConfigFile, json, file);
  assertHeadsDivide(found.hidden_size, found.num_attention_heads, 'num_attention_heads', file);
  assertPadToken(found.pad_token_id ?? undefined, found.vocab_size, file);
  return {
    vocabularySize: found.vocab_size,
    hiddenSize: found.hidden_size,
    embeddingSize: found.word_embed_proj_dim ?? found.hidden_size,
    layers: found.num_hidden_layers,
    attentionHeads: found.num_attention_heads,
    intermediateSize: found.ffn_dim,
    hiddenActivation: found.activation_function,
    normPlacement: found.do_layer_norm_before ? 'before' : 'after',
    finalNorm: found.do_layer_norm_before && !found._remove_final_layer_norm,
    bias: found.enable_bias,
    hiddenDropout: found.dropout,
    attentionDropout: found.attention_dropout,
    maxPositions: found.max_position_embeddings,
    initializerRange: found.init_std,
    padTokenId: found.pad_token_id ?? undefined,
    tieWordEmbeddings: found.tie_word_embeddings,
  };
}

/** The configuration with every dropout rate replaced. */
export function withOptDropout(config: OptConfig, rate: number): OptConfig {
  return { ...config, hiddenDropout: rate, attentionDropout: rate };
}
