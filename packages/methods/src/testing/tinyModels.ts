import { RandomStream, ignoredLabel, type Batch, type HostArray } from '@leantune/core';
import { headSize, randomModel, readModelConfig, type HeadOptions, type TransformerModel } from '@leantune/models';

/** A small model of one architecture and batches for it: what the batteries run on besides BERT. */
export interface TinyModel {
  readonly name: string;
  readonly modelType: string;
  readonly head: HeadOptions;
  /** A fresh model: equal values for every call, another dropout rate on request. */
  make(dropout?: number): TransformerModel;
  /** Micro-batch `index`: rows of several lengths, padded on the right. */
  batch(index: number): Batch;
}

const vocabularySize = 61;
const rowLengths = [9, 6, 3, 8];
const classification: HeadOptions = { kind: 'classification', numberOfLabels: 3 };
const causal: HeadOptions = { kind: 'causal-lm' };

const bertSizes = {
  vocab_size: vocabularySize,
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 64,
  max_position_embeddings: 16,
  initializer_range: 0.2,
};

const optSizes = {
  model_type: 'opt',
  vocab_size: vocabularySize,
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  ffn_dim: 64,
  max_position_embeddings: 16,
  init_std: 0.2,
};

const llamaSizes = { ...bertSizes, num_key_value_heads: 2, pad_token_id: 0, intermediate_size: 48 };

const bartSizes = {
  model_type: 'bart',
  vocab_size: vocabularySize,
  d_model: 32,
  encoder_layers: 2,
  decoder_layers: 2,
  encoder_attention_heads: 4,
  decoder_attention_heads: 4,
  encoder_ffn_dim: 64,
  decoder_ffn_dim: 64,
  max_position_embeddings: 16,
  init_std: 0.2,
};

const kinds: readonly (readonly [name: string, json: Readonly<Record<string, unknown>>, head: HeadOptions])[] = [
  ['BERT', { model_type: 'bert', ...bertSizes }, classification],
  ['RoBERTa', { model_type: 'roberta', ...bertSizes, max_position_embeddings: 18, type_vocab_size: 1 }, classification],
  [
    'DistilBERT',
    {
      model_type: 'distilbert',
      vocab_size: vocabularySize,
      dim: 32,
      n_layers: 2,
      n_heads: 4,
      hidden_dim: 64,
      max_position_embeddings: 16,
      initializer_range: 0.2,
    },
    classification,
  ],
  ['ViT', { model_type: 'vit', ...bertSizes, image_size: 8, patch_size: 4, num_channels: 3 }, classification],
  ['OPT', optSizes, causal],
  ['OPT post-LN', { ...optSizes, do_layer_norm_before: false, word_embed_proj_dim: 16 }, causal],
  [
    'GPT-2',
    {
      model_type: 'gpt2',
      vocab_size: vocabularySize,
      n_embd: 32,
      n_layer: 2,
      n_head: 4,
      n_positions: 16,
      initializer_range: 0.2,
    },
    causal,
  ],
  ['Llama', { model_type: 'llama', ...llamaSizes }, causal],
  ['Qwen2', { model_type: 'qwen2', ...llamaSizes, tie_word_embeddings: true }, causal],
  ['BART', bartSizes, classification],
  ['BART, sequence to sequence', bartSizes, { kind: 'seq2seq-lm' }],
];

/** One model of every architecture. */
export const tinyModels: readonly TinyModel[] = kinds.map(([name, json, head]) => ({
  name: `tiny ${name}`,
  modelType: String(json.model_type),
  head,
  make: (dropout = 0) => randomModel(readModelConfig(json, { dropout }), head, 3),
  batch: (index) => (json.model_type === 'vit' ? images(index, head) : texts(index, String(json.model_type), head)),
}));

/** The first token of every row is the beginning, the last the end: BART's head reads the last end. */
const endToken = 2;

function texts(seed: number, modelType: string, head: HeadOptions): Batch {
  const random = new RandomStream(seed, 'tiny texts');
  const size = rowLengths.length;
  const length = Math.max(...rowLengths);
  const padding = modelType === 'bert' || modelType === 'llama' || modelType === 'qwen2' ? 0 : 1;
  const rows = (value: (token: number, real: number) => number, other: number): HostArray => ({
    dtype: 'int32',
    shape: [size, length],
    data: Int32Array.from(
      rowLengths.flatMap((real) => Array.from({ length }, (_, token) => (token < real ? value(token, real) : other))),
    ),
  });
  // Ids from 3 on: neither padding nor end.
  const ids = rows((token, real) => (token === real - 1 ? endToken : 3 + random.integer(vocabularySize - 3)), padding);
  const inputs = { inputIds: ids, attentionMask: rows(() => 1, 0) };
  const byToken = (count: number): HostArray => ({
    dtype: 'int32',
    shape: [size, count],
    // The second half of a row is what it should answer.
    data: Int32Array.from(
      rowLengths.flatMap((real) =>
        Array.from({ length: count }, (_, token) =>
          token < real && token >= real / 3 ? 3 + random.integer(vocabularySize - 3) : ignoredLabel,
        ),
      ),
    ),
  });
  if (head.kind === 'causal-lm') return { size, length, inputs, labels: byToken(length) };
  if (head.kind === 'seq2seq-lm') return { size, length, inputs, labels: targets(random) };
  return { size, length, inputs, labels: classes(random, size, head) };
}

/** Targets of an encoder-decoder: 5 tokens at most, padded with labels that do not count. */
function targets(random: RandomStream): HostArray {
  const lengths = [5, 3, 1, 4];
  return {
    dtype: 'int32',
    shape: [lengths.length, 5],
    data: Int32Array.from(
      lengths.flatMap((real) =>
        Array.from({ length: 5 }, (_, token) => (token < real ? 3 + random.integer(vocabularySize - 3) : ignoredLabel)),
      ),
    ),
  };
}

function images(seed: number, head: HeadOptions): Batch {
  const random = new RandomStream(seed, 'tiny images');
  const shape = [3, 3, 8, 8];
  const data = Float32Array.from({ length: 3 * 3 * 8 * 8 }, () => random.normal());
  return {
    size: 3,
    length: 0,
    inputs: { pixelValues: { dtype: 'float32', shape, data } },
    labels: classes(random, 3, head),
  };
}

function classes(random: RandomStream, size: number, head: HeadOptions): HostArray {
  return {
    dtype: 'int32',
    shape: [size],
    data: Int32Array.from({ length: size }, () => random.integer(headSize(head)!)),
  };
}
