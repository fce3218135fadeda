import { tensorFrom, withCategory, type Batch, type HostArray, type Tensor } from '@leantune/core';

/** int32 [size, length] that belongs to the batch. */
export function hostIds(size: number, length: number, value: (row: number, column: number) => number): HostArray {
  const data = new Int32Array(size * length);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < length; column++) data[row * length + column] = value(row, column);
  }
  return { dtype: 'int32', shape: [size, length], data };
}

/** Copies an array of the batch to the backend. */
export function batchTensor({ data, shape, dtype }: HostArray): Tensor {
  return withCategory('batch', () => tensorFrom(data, shape, dtype));
}

/** What decides about positions besides the tokens. */
type Placed = Pick<Batch, 'size' | 'length' | 'firstPosition'>;

/** 0 … length - 1 in every row, behind what a method puts before the text. */
export function ascendingPositions({ size, length, firstPosition = 0 }: Placed): HostArray {
  return hostIds(size, length, (_, column) => firstPosition + column);
}

/**
 * Running count of the tokens for which `counts` holds, starting at `first` (behind what a method puts before the text); the others get `other`
 * (RoBERTa: tokens that are not padding; OPT: tokens that the mask shows).
 */
export function countedPositions(
  { size, length, firstPosition = 0 }: Placed,
  counts: (index: number) => boolean,
  first: number,
  other: number,
): HostArray {
  let next = 0;
  return hostIds(size, length, (row, column) => {
    if (column === 0) next = first + firstPosition;
    return counts(row * length + column) ? next++ : other;
  });
}
