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

/** `config.json` of GPT-2 as Hugging Face writes it; defaults are those of `transformers.GPT2Config`. */
const gpt2ConfigFile = z.looseObject({
  vocab_size: size.default(50_257),
  n_positions: size.default(1024),
  n_embd: size,
  n_layer: layerCount,
  n_head: size,
  n_inner: size.nullish(),
  activation_function: activationName.default('gelu_new'),
  embd_pdrop: probability.default(0.1),
  attn_pdrop: probability.default(0.1),
  resid_pdrop: probability.default(0.1),
  layer_norm_epsilon: positive.default(1e-5),
  initializer_range: positive.default(0.02),
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.boolean().default(false),
  add_cross_attention: z.literal(false).default(false),
  pad_token_id: tokenId.nullish(),
  tie_word_embeddings: z.boolean().default(true),
});

/** Shape and hyper-parameters of a GPT-2 decoder. */
export interface Gpt2Config {
  readonly vocabularySize: number;
  readonly maxPositions: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly attentionHeads: number;
  readonly intermediateSize: number;
  readonly hiddenActivation: ActivationName;
  readonly embeddingDropout: number;
  readonly attentionDropout: number;
  /** Drop-out of what attention and feed-forward network add. */
  readonly hiddenDropout: number;
  readonly layerNormEpsilon: number;
  readonly initializerRange: number;
  /** Whether attention scores are divided by the root of a head's size. */
  readonly scaleByHeadSize: boolean;
  /** Whether they are also divided by the number of the layer, from 1. */
  readonly scaleByLayer: boolean;
  readonly padTokenId: number | undefined;
  readonly tieWordEmbeddings: boolean;
}

/**
 * Reads the content of a GPT-2 `config.json`.
 * @throws ConfigurationError naming every key that is missing or wrong.
 */
export function parseGpt2Config(json: unknown, file?: string): Gpt2Config {
  const found = parseConfig(gpt2ConfigFile, json, file);
  assertHeadsDivide(found.n_embd, found.n_head, 'n_head', file);
  assertPadToken(found.pad_token_id ?? undefined, found.vocab_size, file);
  return {
    vocabularySize: found.vocab_size,
    maxPositions: found.n_positions,
    hiddenSize: found.n_embd,
    layers: found.n_layer,
    attentionHeads: found.n_head,
    intermediateSize: found.n_inner ?? 4 * found.n_embd,
    hiddenActivation: found.activation_function,
    embeddingDropout: found.embd_pdrop,
    attentionDropout: found.attn_pdrop,
    hiddenDropout: found.resid_pdrop,
    layerNormEpsilon: found.layer_norm_epsilon,
    initializerRange: found.initializer_range,
    scaleByHeadSize: found.scale_attn_weights,
    scaleByLayer: found.scale_attn_by_inverse_layer_idx,
    padTokenId: found.pad_token_id ?? undefined,
    tieWordEmbeddings: found.tie_word_embeddings,
  };
}

/** The configuration with every dropout rate replaced. */
export function withGpt2Dropout(config: Gpt2Config, rate: number): Gpt2Config {
  return { ...config, embeddingDropout: rate, attentionDropout: rate, hiddenDropout: rate };
}
