import type { Batch, HostArray } from '@leantune/core';
import { expect, it } from 'vitest';
import { lastTokens } from './lastTokenClassification.js';

const length = 5;

function batchOf(
  ids: readonly (readonly number[])[],
  mask?: readonly (readonly number[])[],
  order?: readonly (readonly number[])[],
): Batch {
  const array = (rows: readonly (readonly number[])[]): HostArray => ({
    dtype: 'int32',
    shape: [rows.length, length],
    data: Int32Array.from(rows.flat()),
  });
  const inputs = {
    inputIds: array(ids),
    attentionMask: array(mask ?? ids.map((row) => row.map(() => 1))),
    ...(order === undefined ? {} : { causalOrder: array(order) }),
  };
  return { size: ids.length, length, inputs, labels: { dtype: 'int32', shape: [1], data: Int32Array.of(0) } };
}

it('finds the last token by ids: padded right, left, not at all, and nothing but padding', () => {
  const ids = [
    [7, 8, 9, 1, 1],
    [1, 1, 7, 8, 9],
    [7, 8, 9, 5, 6],
    [1, 1, 1, 1, 1],
    [7, 1, 9, 1, 1],
  ];
  expect(lastTokens(batchOf(ids), 1)).toEqual([2, 4, 4, 0, 2]);
});

it('finds it by the mask where the configuration has no padding token', () => {
  const ids = [
    [7, 8, 9, 0, 0],
    [0, 0, 7, 8, 9],
  ];
  const mask = [
    [1, 1, 1, 0, 0],
    [0, 0, 1, 1, 1],
  ];
  expect(lastTokens(batchOf(ids, mask), undefined)).toEqual([2, 4]);
});

it('finds the end of the text where tokens are arranged anew', () => {
  // The text is 7 8 9 5; its last token was put first.
  expect(lastTokens(batchOf([[5, 8, 1, 7, 9]], undefined, [[3, 1, 0, 0, 2]]), 1)).toEqual([0]);
});
