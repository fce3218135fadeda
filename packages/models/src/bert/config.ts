import { ConfigurationError } from '@leantune/core';
import type { ConfigurationIssue } from '@leantune/core';
import { z } from 'zod';
import { configKeyInvalid, configKeyMissing, configNotAnObject, headsDoNotDivide } from '../messages.js';

const size = z.int().positive();
const probability = z.number().min(0).max(1);

/** `config.json` as Hugging Face writes it for BERT; defaults are those of `transformers.BertConfig`. */
const bertConfigFile = z.looseObject({
  model_type: z.literal('bert').default('bert'),
  vocab_size: size,
  hidden_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  intermediate_size: size,
  hidden_act: z.enum(['gelu', 'gelu_new', 'gelu_pytorch_tanh', 'relu', 'silu', 'tanh']).default('gelu'),
  hidden_dropout_prob: probability.default(0.1),
  attention_probs_dropout_prob: probability.default(0.1),
  classifier_dropout: probability.nullish(),
  max_position_embeddings: size.default(512),
  type_vocab_size: size.default(2),
  initializer_range: z.number().positive().default(0.02),
  layer_norm_eps: z.number().positive().default(1e-12),
  pad_token_id: z.int().nonnegative().nullish(),
  position_embedding_type: z.literal('absolute').default('absolute'),
});

/** Shape and hyper-parameters of a BERT encoder. */
export interface BertConfig {
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly attentionHeads: number;
  readonly intermediateSize: number;
  readonly hiddenActivation: BertActivation;
  /** Drop-out after the embeddings, the attention output and the feed-forward output. */
  readonly hiddenDropout: number;
  /** Drop-out on the attention probabilities. */
  readonly attentionDropout: number;
  /** Drop-out before the classifier: the file's own, else that of the hidden layers. */
  readonly classifierDropout: number;
  readonly maxPositions: number;
  readonly typeVocabularySize: number;
  /** Standard deviation of the normal distribution that fresh weights come from. */
  readonly initializerRange: number;
  readonly layerNormEpsilon: number;
  readonly padTokenId: number;
}

export type BertActivation = z.infer<typeof bertConfigFile>['hidden_act'];

/**
 * Reads the content of a BERT `config.json`. Keys that leantune does not know are allowed.
 * @throws ConfigurationError naming every key that is missing or wrong.
 */
export function parseBertConfig(json: unknown, file?: string): BertConfig {
  const place = file === undefined ? {} : { file };
  const parsed = bertConfigFile.safeParse(json);
  if (!parsed.success) {
    throw new ConfigurationError(parsed.error.issues.map((issue) => ({ ...place, ...describe(issue, json) })));
  }
  const found = parsed.data;
  if (found.hidden_size % found.num_attention_heads !== 0) {
    const message = headsDoNotDivide(found.hidden_size, found.num_attention_heads);
    throw new ConfigurationError([
      { ...place, key: 'num_attention_heads', message, expected: 'a divisor of hidden_size' },
    ]);
  }
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
    maxPositions: found.max_position_embeddings,
    typeVocabularySize: found.type_vocab_size,
    initializerRange: found.initializer_range,
    layerNormEpsilon: found.layer_norm_eps,
    padTokenId: found.pad_token_id ?? 0,
  };
}

/** Turns one complaint of zod into ours: the key, what it holds and what it should. */
function describe(issue: z.core.$ZodIssue, json: unknown): ConfigurationIssue {
  const key = issue.path.join('.');
  if (key === '') return { key: 'config', message: configNotAnObject(json), expected: 'a JSON object' };
  const value = (json as Record<string, unknown>)[key];
  const message = value === undefined ? configKeyMissing() : configKeyInvalid(value);
  return { key, message, expected: expectation(issue) };
}

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return issue.expected === 'int' ? 'a whole number' : `a ${issue.expected}`;
  if (issue.code === 'too_small') return `${issue.inclusive ? 'at least' : 'more than'} ${String(issue.minimum)}`;
  if (issue.code === 'too_big') return `at most ${String(issue.maximum)}`;
  if (issue.code === 'invalid_value') return `one of ${issue.values.map(String).join(', ')}`;
  return issue.message;
}
