import { z } from 'zod';
import { activationName, type ActivationName } from '../transformer/activation.js';
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

/** `config.json` of BERT as Hugging Face writes it; defaults are those of `transformers.BertConfig`. */
export const bertConfigFile = z.looseObject({
  vocab_size: size,
  hidden_size: size,
  num_hidden_layers: layerCount,
  num_attention_heads: size,
  intermediate_size: size,
  hidden_act: activationName.default('gelu'),
  hidden_dropout_prob: probability.default(0.1),
  attention_probs_dropout_prob: probability.default(0.1),
  classifier_dropout: probability.nullish(),
  max_position_embeddings: size.default(512),
  type_vocab_size: size.default(2),
  initializer_range: positive.default(0.02),
  layer_norm_eps: positive.default(1e-12),
  pad_token_id: tokenId.nullable().default(0),
  is_decoder: z.literal(false).optional(),
  add_cross_attention: z.literal(false).optional(),
  position_embedding_type: z.literal('absolute').default('absolute'),
});

/** Shape and hyper-parameters of a BERT encoder. */
export interface BertConfig {
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly attentionHeads: number;
  readonly intermediateSize: number;
  readonly hiddenActivation: ActivationName;
  /** Drop-out after the embeddings, the attention output and the feed-forward output. */
  readonly hiddenDropout: number;
  /** Drop-out on the attention probabilities. */
  readonly attentionDropout: number;
  /** Drop-out before the classifier: the file's own, else that of the hidden layers. */
  readonly classifierDropout: number;
  /** Rows of the position table. */
  readonly positionRows: number;
  readonly typeVocabularySize: number;
  /** Standard deviation of the normal distribution that fresh weights come from. */
  readonly initializerRange: number;
  readonly layerNormEpsilon: number;
  /** Its row of the token table gets no gradient. */
  readonly padTokenId: number | undefined;
}

/**
 * Reads the content of a `config.json` of BERT.
 * @throws ConfigurationError naming every key that is missing or wrong.
 */
export function parseBertConfig(json: unknown, file?: string): BertConfig {
  return bertConfig(parseConfig(bertConfigFile, json, file), file);
}

/** The meaning of a file of BERT's keys. @throws ConfigurationError where the heads do not split the hidden features */
export function bertConfig(found: z.output<typeof bertConfigFile>, file?: string): BertConfig {
  assertHeadsDivide(found.hidden_size, found.num_attention_heads, 'num_attention_heads', file);
  assertPadToken(found.pad_token_id ?? undefined, found.vocab_size, file);
  return {
    vocabularySize: found.vocab_size,
    hiddenSize: found.hidden_size,
    layers: found.num_hidden_layers,
    attentionHeads: found.num_attention_heads,
    intermediateSize: found.intermediate_size,
    hiddenActivation: found.hidden_act,
    hiddenDropout: found.hidden_dropout_prob,
    attentionDropout: found.attention_probs_dropout_prob,
    classifierDropout: found.classifier_dropout ?? found.hidden_dropout_prob,
    positionRows: found.max_position_embeddings,
    typeVocabularySize: found.type_vocab_size,
    initializerRange: found.initializer_range,
    layerNormEpsilon: found.layer_norm_eps,
    padTokenId: found.pad_token_id ?? undefined,
  };
}

/** The configuration with every dropout rate replaced. */
export function withBertDropout<Config extends BertConfig>(config: Config, rate: number): Config {
  return { ...config, hiddenDropout: rate, attentionDropout: rate, classifierDropout: rate };
}
