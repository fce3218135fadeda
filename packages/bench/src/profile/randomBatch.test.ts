import { expect, it } from 'vitest';
import { randomBatch } from './randomBatch.js';

it('fills every row to full length with ids of the whole vocabulary and labels of both classes', () => {
  const batch = randomBatch({ batchSize: 64, sequenceLength: 32 }, 10);
  const { inputIds, attentionMask, tokenTypeIds } = batch.inputs;
  expect([batch.size, batch.length, inputIds!.shape]).toEqual([64, 32, [64, 32]]);
  expect(new Set(attentionMask!.data)).toEqual(new Set([1]));
  expect(new Set(tokenTypeIds?.data)).toEqual(new Set([0]));
  // 2048 draws of 10 values: all of them, and nothing else.
  expect([...new Set(inputIds!.data)].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(new Set(batch.labels.data)).toEqual(new Set([0, 1]));
  expect(randomBatch({ batchSize: 64, sequenceLength: 32 }, 10)).toEqual(batch);
});
