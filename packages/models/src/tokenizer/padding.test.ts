import { expect, it } from 'vitest';
import { padEncodings } from './padding.js';

const rows = [
  { inputIds: [5, 6, 7], attentionMask: [1, 1, 1], tokenTypeIds: [0, 0, 1] },
  { inputIds: [8], attentionMask: [1], tokenTypeIds: [0] },
];

it('pads rows on the right to the longest or to a given length', () => {
  const longest = padEncodings(rows, { length: 'longest', padTokenId: 9 });
  expect(longest.length).toBe(3);
  expect(longest.inputIds).toEqual({ dtype: 'int32', shape: [2, 3], data: Int32Array.of(5, 6, 7, 8, 9, 9) });
  expect(longest.attentionMask.data).toEqual(Int32Array.of(1, 1, 1, 1, 0, 0));
  expect(longest.tokenTypeIds.data).toEqual(Int32Array.of(0, 0, 1, 0, 0, 0));
  expect(padEncodings(rows, { length: 4, padTokenId: 0 }).inputIds.shape).toEqual([2, 4]);
});

it('pads rows on the left', () => {
  const left = padEncodings(rows, { length: 4, padTokenId: 9, paddingSide: 'left' });
  expect(left.inputIds.data).toEqual(Int32Array.of(9, 5, 6, 7, 9, 9, 9, 8));
  expect(left.attentionMask.data).toEqual(Int32Array.of(0, 1, 1, 1, 0, 0, 0, 1));
  expect(left.tokenTypeIds.data).toEqual(Int32Array.of(0, 0, 0, 1, 0, 0, 0, 0));
});

it('refuses a row that is too long', () => {
  expect(() => padEncodings(rows, { length: 2, padTokenId: 0 })).toThrow('row 0: expected at most 2 tokens, found 3');
});
