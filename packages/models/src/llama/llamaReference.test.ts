/** Llama and Qwen2 against Python's transformers: heads, head sizes, biases, rotary scaling, tied and untied heads. */
import type { HeadOptions } from '../transformer/head.js';
import { randomTextBatch, type RandomBatchOptions } from '../testing/randomBatch.js';
import { describeAgainstTransformers, type ReferenceCase } from '../testing/transformersReference.js';

const lm: HeadOptions = { kind: 'causal-lm' };

type TextOptions = Omit<RandomBatchOptions, 'head' | 'seed' | 'vocabularySize'>;

function textCase(
  config: ReferenceCase['config'] & { readonly vocab_size: number },
  options: TextOptions,
  head: HeadOptions = lm,
): ReferenceCase {
  const { size, length, padding = 'right' } = options;
  const batch = randomTextBatch({ ...options, seed: 5 * size + length, head, vocabularySize: config.vocab_size });
  const scaling = JSON.stringify((config as { rope_scaling?: unknown }).rope_scaling ?? 'none');
  const name = `${config.model_type}, ${head.kind}, ${size} × ${length}, padding ${padding}, scaling ${scaling}`;
  return { name, config, head, batch };
}

const llama = {
  model_type: 'llama',
  vocab_size: 41,
  hidden_size: 24,
  intermediate_size: 37,
  num_hidden_layers: 2,
  num_attention_heads: 6,
  num_key_value_heads: 2,
  max_position_embeddings: 40,
};

const llama3 = {
  rope_type: 'llama3',
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  // Short, so that the waves of four features fall into all three ranges.
  original_max_position_embeddings: 32,
};

await describeAgainstTransformers('Llama as transformers computes it', [
  textCase(llama, { size: 4, length: 13 }),
  textCase(
    { ...llama, num_key_value_heads: 6, pad_token_id: 0 },
    { size: 3, length: 9, padTokenId: 0, padding: 'left' },
  ),
  textCase(
    { ...llama, num_key_value_heads: 1, tie_word_embeddings: true, pad_token_id: 3 },
    { size: 3, length: 11, padTokenId: 3 },
  ),
  textCase(
    { ...llama, head_dim: 10, attention_bias: true, mlp_bias: true },
    { size: 2, length: 7, padding: 'scattered' },
  ),
  textCase(
    { ...llama, num_attention_heads: 2, head_dim: 16, rope_theta: 500_000, rope_scaling: llama3 },
    { size: 2, length: 39, padding: 'none' },
  ),
  textCase({ ...llama, rope_scaling: { rope_type: 'linear', factor: 2.5 } }, { size: 2, length: 21, padding: 'left' }),
  textCase({ ...llama, rms_norm_eps: 1e-3, hidden_act: 'gelu' }, { size: 1, length: 2, padding: 'none' }),
  textCase({ ...llama, model_type: 'qwen2', rope_theta: 1_000_000 }, { size: 3, length: 12, padding: 'left' }),
  textCase(
    { ...llama, model_type: 'qwen2', tie_word_embeddings: true, pad_token_id: 0 },
    { size: 4, length: 6, padTokenId: 0 },
  ),
  textCase(
    { ...llama, pad_token_id: 0 },
    { size: 5, length: 8, padTokenId: 0 },
    { kind: 'classification', numberOfLabels: 3 },
  ),
  textCase(
    { ...llama, model_type: 'qwen2', pad_token_id: 2 },
    { size: 3, length: 8, padTokenId: 2, padding: 'left' },
    { kind: 'regression', numberOfLabels: 1 },
  ),
]);
