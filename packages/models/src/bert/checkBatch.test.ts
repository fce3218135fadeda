import type { Batch } from '@leantune/core';
import { expect, it } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import { randomModel } from '../architecture/buildModel.js';
import { readModelConfig } from '../architecture/registry.js';

const config = readModelConfig({
  model_type: 'bert',
  vocab_size: 20,
  hidden_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 16,
  max_position_embeddings: 6,
});

function batch(length: number, label: number): Batch {
  const tokens = (value: number) =>
    ({ dtype: 'int32', shape: [1, length], data: new Int32Array(length).fill(value) }) as const;
  return {
    size: 1,
    length,
    inputs: { inputIds: tokens(3), attentionMask: tokens(1) },
    labels: { dtype: 'int32', shape: [1], data: Int32Array.of(label) },
  };
}

await describeOnBackends('BertForSequenceClassification.checkBatch', () => {
  it('refuses inputs longer than the positions and labels outside the head', () => {
    const model = randomModel(config, { kind: 'classification', numberOfLabels: 2 }, 0);
    try {
      expect(() => model.checkBatch(batch(7, 0))).toThrow(
        "an input of 7 tokens is longer than the model's 6 positions; use a smaller maxLength",
      );
      for (const label of [2, -1, -101]) {
        expect(() => model.checkBatch(batch(6, label))).toThrow(`label ${label} is outside the head's classes 0 to 1`);
      }
      for (const label of [0, 1, -100]) expect(() => model.checkBatch(batch(6, label))).not.toThrow();
    } finally {
      model.release();
    }
  });

  it('refuses token types outside the table, and rows that do not split into choices', () => {
    const model = randomModel(config, { kind: 'multiple-choice' }, 0);
    try {
      const tokenTypeIds = { dtype: 'int32', shape: [1, 2], data: Int32Array.of(1, 2) } as const;
      const typed = batch(2, 0);
      expect(() => model.checkBatch({ ...typed, inputs: { ...typed.inputs, tokenTypeIds } })).toThrow(
        "token type 2 is outside the model's types 0 to 1",
      );
      const labels = { dtype: 'int32', shape: [2], data: Int32Array.of(0, 1) } as const;
      expect(() => model.checkBatch({ ...batch(2, 0), size: 3, labels })).toThrow(
        '3 rows do not split into the same number of choices for 2 questions',
      );
    } finally {
      model.release();
    }
  });
});
