import { RandomStream } from '@leantune/core';
import type { Batch, HostArray } from '@leantune/core';

export interface BatchShape {
  readonly batchSize: number;
  readonly sequenceLength: number;
}

/** Random token ids and two random classes; every row has full length, the worst case for time and memory. */
export function randomBatch({ batchSize, sequenceLength }: BatchShape, vocabularySize: number): Batch {
  const random = new RandomStream(0, 'profile');
  const tokens = (value: () => number): HostArray => ({
    dtype: 'int32',
    shape: [batchSize, sequenceLength],
    data: Int32Array.from({ length: batchSize * sequenceLength }, value),
  });
  return {
    size: batchSize,
    length: sequenceLength,
    inputs: {
      inputIds: tokens(() => random.integer(vocabularySize)),
      attentionMask: tokens(() => 1),
      tokenTypeIds: tokens(() => 0),
    },
    labels: {
      dtype: 'int32',
      shape: [batchSize],
      data: Int32Array.from({ length: batchSize }, () => random.integer(2)),
    },
  };
}
