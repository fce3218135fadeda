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

const no = z.literal(false).default(false);

/** `config.json` of BART as Hugging Face writes it; defaults are those of `transformers.BartConfig`. */
const bartConfigFile = z.looseObject({
  vocab_size: size.default(50_265),
  d_model: size,
  encoder_layers: layerCount,
  decoder_layers: layerCount,
  encoder_attention_heads: size,
  decoder_attention_heads: size,
  encoder_ffn_dim: size,
  decoder_ffn_dim: size,
  max_position_embeddings: size.default(1024),
  activation_function: activationName.default('gelu'),
  dropout: probability.default(0.1),
  attention_dropout: probability.default(0),
  activation_dropout: probability.default(0),
  classifier_dropout: probability.default(0),
  encoder_layerdrop: z.literal(0).default(0),
  decoder_layerdrop: z.literal(0).default(0),
  init_std: positive.default(0.02),
  scale_embedding: z.boolean().default(false),
  pad_token_id: tokenId.default(1),
  eos_token_id: tokenId.default(2),
  decoder_start_token_id: tokenId.default(2),
  tie_word_embeddings: z.literal(true).default(true),
  // Other models of fairseq, which older configurations called BART too.
  normalize_before: no,
  add_final_layer_norm: no,
  static_position_embeddings: no,
});

/** Shape of the encoder or the decoder. */
interface BartStackShape {
  readonly layers: number;
  readonly attentionHeads: number;
  readonly intermediateSize: number;
}

/** Shape and hyper-parameters of BART. */
export interface BartConfig {
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly encoder: BartStackShape;
  readonly decoder: BartStackShape;
  readonly maxPositions: number;
  readonly hiddenActivation: ActivationName;
  /** Drop-out after the embeddings and of what attention and feed-forward network add. */
  readonly hiddenDropout: number;
  readonly attentionDropout: number;
  /** Drop-out after the activation of the feed-forward network. */
  readonly activationDropout: number;
  readonly classifierDropout: number;
  readonly initializerRange: number;
  /** Whether token embeddings are multiplied by √hiddenSize. */
  readonly scaleEmbedding: boolean;
  readonly padTokenId: number;
  readonly endTokenId: number;
  readonly decoderStartTokenId: number;
}

/**
 * Reads the content of a BART `config.json`.
 * @throws ConfigurationError naming every key that is missing or wrong.
 */
export function parseBartConfig(json: unknown, file?: string): BartConfig {
  const found = parseConfig(bartConfigFile, json, file);
  const stack = (name: 'encoder' | 'decoder'): BartStackShape => {
    assertHeadsDivide(found.d_model, found[`${name}_attention_heads`], `${name}_attention_heads`, file);
    return {
      layers: found[`${name}_layers`],
      attentionHeads: found[`${name}_attention_heads`],
      intermediateSize: found[`${name}_ffn_dim`],
    };
  };
  assertPadToken(found.pad_token_id ?? undefined, found.vocab_size, file);
  return {
    vocabularySize: found.vocab_size,
    hiddenSize: found.d_model,
    encoder: stack('encoder'),
    decoder: stack('decoder'),
    maxPositions: found.max_position_embeddings,
    hiddenActivation: found.activation_function,
    hiddenDropout: found.dropout,
    attentionDropout: found.attention_dropout,
    activationDropout: found.activation_dropout,
    classifierDropout: found.classifier_dropout,
    initializerRange: found.init_std,
    scaleEmbedding: found.scale_embedding,
    padTokenId: found.pad_token_id,
    endTokenId: found.eos_token_id,
    decoderStartTokenId: found.decoder_start_token_id,
  };
}

/** The configuration with every dropout rate replaced. */
export function withBartDropout(config: BartConfig, rate: number): BartConfig {
  return { ...config, hiddenDropout: rate, attentionDropout: rate, activationDropout: rate, classifierDropout: rate };
}
