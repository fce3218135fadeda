/** Closed formula: with queries of zeros every visible key has the same probability. */
import { attention, scope, tensorFrom, type DeviceBatch } from '@leantune/core';
import { expect, it } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import { causalMask } from './masks.js';

const length = 4;
const values = [1, 10, 100, 1000];

function attended(mask: readonly number[], absolute: boolean): number[] {
  const attentionMask = { dtype: 'int32', shape: [1, length], data: Int32Array.from(mask) } as const;
  const labels = { dtype: 'int32', shape: [1], data: Int32Array.of(0) } as const;
  const host = { size: 1, length, inputs: { attentionMask }, labels };
  return scope(() => {
    const inputs = { attentionMask: tensorFrom(attentionMask.data, [1, length], 'int32') };
    const batch: DeviceBatch = { size: 1, length, inputs, labels: tensorFrom(labels.data, [1], 'int32'), host };
    const zeros = tensorFrom(new Float32Array(length), [1, length, 1]);
    const value = tensorFrom(Float32Array.from(values), [1, length, 1]);
    return [...attention(zeros, zeros, value, { heads: 1, mask: causalMask(batch, absolute) }).read()];
  });
}

await describeOnBackends('causalMask', () => {
  it.each([false, true])('shows each token itself and those before it (absolute: %s)', (absolute) => {
    const found = attended([1, 1, 1, 1], absolute);
    [1, 5.5, 37, 277.75].forEach((mean, index) => expect(found[index]).toBeCloseTo(mean, 3));
  });

  it.each([
    ['every key', false, 277.75, 277.75],
    ['the padding up to itself', true, 1, 5.5],
  ])('shows padding on the left %s', (_keys, absolute, first, second) => {
    const found = attended([0, 0, 1, 1], absolute);
    [first, second, 100, 550].forEach((mean, index) => expect(found[index]).toBeCloseTo(mean, 3));
  });
});
