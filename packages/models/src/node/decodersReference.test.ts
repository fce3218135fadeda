/** Decoders and encoder-decoders against Python's transformers: random shapes, padding, activations and heads. */
import type { Batch, HostArray } from '@leantune/core';
import type { HeadOptions } from '../transformer/head.js';
import { randomTextBatch, type RandomBatchOptions } from '../testing/randomBatch.js';
import { describeAgainstTransformers, type ReferenceCase } from '../testing/transformersReference.js';

const lm: HeadOptions = { kind: 'causal-lm' };
const generation: HeadOptions = { kind: 'seq2seq-lm' };
const regression: HeadOptions = { kind: 'regression', numberOfLabels: 1 };
const classification = (numberOfLabels: number): HeadOptions => ({ kind: 'classification', numberOfLabels });

type TextOptions = Omit<RandomBatchOptions, 'head' | 'seed' | 'vocabularySize'>;
type Config = ReferenceCase['config'] & { readonly vocab_size: number };

function textCase(
  config: Config,
  head: HeadOptions,
  options: TextOptions,
  change: (batch: Batch) => Batch = (batch) => batch,
): ReferenceCase {
  const { size, length, padding = 'right' } = options;
  const seed = 11 * size + length;
  const batch = change(randomTextBatch({ ...options, seed, head, vocabularySize: config.vocab_size }));
  const name = `${config.model_type}, ${head.kind}, ${size} × ${length}, padding ${padding}`;
  return { name, config, head, batch };
}

const opt = {
  model_type: 'opt',
  vocab_size: 43,
  hidden_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 3,
  ffn_dim: 37,
  max_position_embeddings: 14,
};
const padded = { padTokenId: 1 };
const optCases = [
  textCase(opt, lm, { size: 5, length: 14, ...padded }),
  textCase({ ...opt, num_attention_heads: 4 }, lm, { size: 4, length: 9, ...padded, padding: 'left' }),
  textCase({ ...opt, do_layer_norm_before: false, word_embed_proj_dim: 10 }, lm, {
    size: 3,
    length: 11,
    ...padded,
    padding: 'left',
  }),
  textCase({ ...opt, word_embed_proj_dim: 31, tie_word_embeddings: false, enable_bias: false }, lm, {
    size: 3,
    length: 8,
    padding: 'scattered',
  }),
  textCase({ ...opt, _remove_final_layer_norm: true, activation_function: 'gelu' }, lm, {
    size: 1,
    length: 4,
    padding: 'none',
  }),
  textCase({ ...opt, word_embed_proj_dim: 7 }, classification(4), { size: 5, length: 12, ...padded, padding: 'left' }),
  textCase({ ...opt, pad_token_id: 3, do_layer_norm_before: false }, regression, { size: 4, length: 6, padTokenId: 3 }),
];

const gpt2 = { model_type: 'gpt2', vocab_size: 39, n_embd: 28, n_layer: 2, n_head: 4, n_positions: 13 };
const gpt2Cases = [
  textCase(gpt2, lm, { size: 5, length: 13 }),
  textCase({ ...gpt2, n_head: 7, n_inner: 19 }, lm, { size: 4, length: 10, padding: 'left' }),
  textCase({ ...gpt2, n_layer: 3, scale_attn_by_inverse_layer_idx: true, tie_word_embeddings: false }, lm, {
    size: 3,
    length: 7,
    padding: 'scattered',
  }),
  textCase({ ...gpt2, scale_attn_weights: false, activation_function: 'relu', layer_norm_epsilon: 1e-3 }, lm, {
    size: 2,
    length: 5,
    padding: 'left',
  }),
  textCase({ ...gpt2, pad_token_id: 2 }, classification(3), { size: 5, length: 9, padTokenId: 2, padding: 'left' }),
  textCase({ ...gpt2, pad_token_id: 2, reorder_and_upcast_attn: true }, regression, {
    size: 3,
    length: 12,
    padTokenId: 2,
  }),
];

const bart = {
  model_type: 'bart',
  vocab_size: 41,
  d_model: 24,
  encoder_layers: 2,
  decoder_layers: 1,
  encoder_attention_heads: 3,
  decoder_attention_heads: 4,
  encoder_ffn_dim: 31,
  decoder_ffn_dim: 17,
  max_position_embeddings: 15,
};

/** Rows with `count` end tokens each: the last real token and others anywhere before it. */
function withEnds(count: number): (batch: Batch) => Batch {
  return (batch) => {
    const { size, length, inputs } = batch;
    const ids = inputs.inputIds!.data.map((id) => (id === 2 ? 5 : id)) as Int32Array;
    for (let row = 0; row < size; row++) {
      const from = (index: number) => row * length + ((length - 1 + row + index) % length);
      for (let index = 0; index < count; index++) ids[from(index)] = 2;
    }
    return { ...batch, inputs: { ...inputs, inputIds: { dtype: 'int32', shape: [size, length], data: ids } } };
  };
}

const random = (size: number, length: number, value: (index: number) => number): HostArray => ({
  dtype: 'int32',
  shape: [size, length],
  data: Int32Array.from({ length: size * length }, (_, index) => value(index)),
});

/** Targets of another length than the text, and what the decoder reads where it is not the targets themselves. */
function withTargets(length: number, decoderInput: boolean): (batch: Batch) => Batch {
  return (batch) => {
    const { size, inputs } = batch;
    const labels = random(size, length, (index) => (index % 5 === 3 ? -100 : (7 * index + 3) % bart.vocab_size));
    const decoderInputIds = random(size, length, (index) => (5 * index + 1) % bart.vocab_size);
    return { ...batch, labels, inputs: decoderInput ? { ...inputs, decoderInputIds } : inputs };
  };
}

const bartCases = [
  textCase(bart, classification(3), { size: 4, length: 13, ...padded }, withEnds(1)),
  textCase(
    { ...bart, scale_embedding: true, activation_function: 'relu' },
    regression,
    { size: 3, length: 9 },
    withEnds(2),
  ),
  textCase(
    { ...bart, eos_token_id: 2, decoder_start_token_id: 6, pad_token_id: 0, decoder_layers: 3 },
    classification(2),
    { size: 5, length: 8, padding: 'left' },
    withEnds(3),
  ),
  textCase(bart, generation, { size: 4, length: 7, ...padded }, withTargets(12, false)),
  textCase(
    { ...bart, scale_embedding: true },
    generation,
    { size: 3, length: 15, padding: 'scattered' },
    withTargets(6, false),
  ),
  textCase(
    { ...bart, pad_token_id: 4 },
    generation,
    { size: 2, length: 10, padTokenId: 4, padding: 'left' },
    withTargets(5, true),
  ),
];

await describeAgainstTransformers('decoders as transformers computes them', [...optCases, ...gpt2Cases, ...bartCases]);
