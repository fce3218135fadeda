/** Questions with fewer choices than others of their batch count as if each stood in a batch of its own. */
import { forwardBackward, predict, releaseGradients, type Batch, type HostArray } from '@leantune/core';
import { expect, it } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import { randomModel } from '../architecture/buildModel.js';
import { readModelConfig } from '../architecture/registry.js';
import { randomTextBatch } from '../testing/randomBatch.js';

const head = { kind: 'multiple-choice' } as const;
const sizes = { hidden_size: 16, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 20 };
const limits = { vocab_size: 31, max_position_embeddings: 14, initializer_range: 0.2 };

/** Rows of a batch in another order, with other labels. */
function rowsOf({ length, inputs }: Batch, rows: readonly number[], labels: readonly number[]): Batch {
  const take = ({ data }: HostArray): HostArray => ({
    dtype: 'int32',
    shape: [rows.length, length],
    data: Int32Array.from(rows.flatMap((row) => [...data.subarray(row * length, (row + 1) * length)])),
  });
  return {
    size: rows.length,
    length,
    inputs: Object.fromEntries(Object.entries(inputs).map(([name, array]) => [name, take(array)])),
    labels: { dtype: 'int32', shape: [labels.length], data: Int32Array.from(labels) },
  };
}

await describeOnBackends('choices that a question lacks', () => {
  it.each(['bert', 'roberta', 'distilbert'])('of %s change neither scores nor gradients', (family) => {
    const names = { dim: 16, n_layers: 2, n_heads: 2, hidden_dim: 20 };
    const config = { model_type: family, ...limits, ...(family === 'distilbert' ? names : sizes) };
    const model = randomModel(readModelConfig(config, { dropout: 0 }), head, 1);
    const five = randomTextBatch({ seed: 5, head, size: 5, choices: 5, length: 9, vocabularySize: 31, padTokenId: 1 });
    const parts = [rowsOf(five, [0, 1], [1]), rowsOf(five, [2, 3, 4], [0])];
    const plain = rowsOf(five, [0, 1, 0, 2, 3, 4], [1, 0]);
    const choiceMask: HostArray = { dtype: 'int32', shape: [2, 3], data: Int32Array.of(1, 1, 0, 1, 1, 1) };
    const together: Batch = { ...plain, inputs: { ...plain.inputs, choiceMask } };
    const gradients = (batch: Batch) => {
      const loss = forwardBackward(model, batch, { seed: 0, microStep: 0 })!;
      const values = model
        .parameters()
        .flatMap(({ gradient, size }) => [...(gradient?.read() ?? new Float32Array(size))]);
      releaseGradients([...model.namedParameters()]);
      return [loss, ...values];
    };
    const [first, second] = parts.map(gradients) as [number[], number[]];
    const both = gradients(together);
    expect(
      Math.max(...both.map((value, index) => Math.abs(value - (first[index]! + second[index]!) / 2))),
    ).toBeLessThan(1e-5);
    expect(Math.max(...both.slice(1).map(Math.abs))).toBeGreaterThan(1e-2);
    const { logits, shape } = predict(model, together);
    expect(shape).toEqual([2, 3]);
    const alone = parts.map((batch) => [...predict(model, batch).logits]);
    [...alone[0]!, ...alone[1]!].forEach((value, index) => {
      expect(logits[index < 2 ? index : index + 1]!).toBeCloseTo(value, 5);
    });
    expect(logits[2]).toBeLessThan(-9000);
    model.release();
  });
});
