import { RandomStream, isLoaded, matMul, scope, tensorFrom, useBackend, type LoadedBackend } from '@leantune/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { torchProvider } from '../provider.js';

const found = await torchProvider().load();
const note = isLoaded(found) ? '' : ` [skipped: ${found.reason}]`;

/** [rows, columns] of normal numbers. */
function matrix(rows: number, columns: number, seed: number): Float32Array {
  const random = new RandomStream(seed, 'product');
  return Float32Array.from({ length: rows * columns }, () => random.normal());
}

describe.skipIf(!isLoaded(found))(`products of matrices on torch${note}`, () => {
  beforeAll(() => useBackend(found as LoadedBackend));

  // Small products go to at::mm, larger ones of the CPU to oneDNN: both against sums in float64.
  it.each([
    [3, 4, 5],
    [64, 64, 63],
    [65, 64, 65],
    [130, 77, 121],
  ])('%i × %i × %i, plain and transposed', (rows, inner, columns) => {
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const [a, b] = [matrix(rows, inner, 1), matrix(inner, columns, 2)];
        const at = (row: number, k: number) => a[transposeA ? k * rows + row : row * inner + k]!;
        const bt = (k: number, column: number) => b[transposeB ? column * inner + k : k * columns + column]!;
        let read: ArrayLike<number> = [];
        scope(() => {
          const [left, right] = [
            tensorFrom(a, transposeA ? [inner, rows] : [rows, inner]),
            tensorFrom(b, transposeB ? [columns, inner] : [inner, columns]),
          ];
          read = matMul(left, right, { transposeA, transposeB }).read();
        });
        let largest = 0;
        for (let row = 0; row < rows; row++) {
          for (let column = 0; column < columns; column++) {
            let sum = 0;
            for (let k = 0; k < inner; k++) sum += at(row, k) * bt(k, column);
            largest = Math.max(largest, Math.abs(read[row * columns + column]! - sum));
          }
        }
        // Sums of some tens of products of normal numbers: a few units in the last place of float32.
        expect(largest, `transposed: ${transposeA}, ${transposeB}`).toBeLessThan(5e-5);
      }
    }
  });
});
