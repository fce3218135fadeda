import { RandomStream, type Batch, type HostArray } from '@leantune/core';
import {
  headSize,
  parseBertConfig,
  randomModel,
  readModelConfig,
  type BertConfig,
  type HeadOptions,
  type TransformerModel,
} from '@leantune/models';

/** What a contract battery needs to know of a model and its input. */
export interface ModelFixture {
  readonly name: string;
  readonly config: BertConfig;
  /** Content of its `config.json`. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly head: HeadOptions;
  /** A fresh model: equal values for every call, another dropout rate on request. */
  make(dropout?: number): TransformerModel;
  /** Micro-batch `index`: real rows of several lengths, padded on the right. */
  batch(index: number): Batch;
}

const rowLengths = [9, 6, 3, 8];
const vocabularySize = 61;

/** BERT of 2 layers and hidden size 32 whose weights are large enough for gradients well above rounding. */
export function tinyBert(head: HeadOptions): ModelFixture {
  const configWith = (dropout: number) => ({
    model_type: 'bert',
    vocab_size: vocabularySize,
    hidden_size: 32,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    intermediate_size: 64,
    max_position_embeddings: 16,
    initializer_range: 0.2,
    hidden_dropout_prob: dropout,
    attention_probs_dropout_prob: dropout,
  });
  return {
    name: `tiny BERT, ${head.kind}`,
    json: configWith(0),
    config: parseBertConfig(configWith(0)),
    head,
    make: (dropout = 0) => randomModel(readModelConfig(configWith(dropout)), head, 3),
    batch: (index) => randomBatch(index, rowLengths, head),
  };
}

export const classification: HeadOptions = { kind: 'classification', numberOfLabels: 3 };
export const regression: HeadOptions = { kind: 'regression', numberOfLabels: 1 };

/** Random ids (never the padding id), types and labels for rows of the given lengths. */
export function randomBatch(seed: number, lengths: readonly number[], head: HeadOptions): Batch {
  const random = new RandomStream(seed, 'tiny batch');
  const length = Math.max(...lengths);
  const rows = (value: (token: number) => number): HostArray => ({
    dtype: 'int32',
    shape: [lengths.length, length],
    data: Int32Array.from(
      lengths.flatMap((real) => Array.from({ length }, (_, token) => (token < real ? value(token) : 0))),
    ),
  });
  const labels: HostArray =
    head.kind === 'regression'
      ? { dtype: 'float32', shape: [lengths.length], data: Float32Array.from(lengths, () => random.normal()) }
      : {
          dtype: 'int32',
          shape: [lengths.length],
          data: Int32Array.from(lengths, () => random.integer(headSize(head)!)),
        };
  const inputs = {
    inputIds: rows(() => 1 + random.integer(vocabularySize - 1)),
    attentionMask: rows(() => 1),
    tokenTypeIds: rows((token) => (token > 3 ? 1 : 0)),
  };
  return { size: lengths.length, length, inputs, labels };
}
