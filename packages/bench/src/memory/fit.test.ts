import { describe, expect, it } from 'vitest';
import { largestFit } from './fit.js';

/** By trying every size. */
function reference(peak: (size: number) => number, limit: number, most: number): number | undefined {
  let largest: number | undefined;
  for (let size = 1; size <= most && peak(size) <= limit; size++) largest = size;
  return largest;
}

const peaks: Readonly<Record<string, (size: number) => number>> = {
  linear: (size) => 1000 + 37 * size,
  quadratic: (size) => 500 + 11 * size + 3 * size * size,
  'of several moments': (size) => Math.max(5000, 1000 + 10 * size, 53 * size - 700),
  steps: (size) => 100 + 8 * Math.ceil(size / 8) * 13,
};

describe('largestFit', () => {
  it.each(Object.keys(peaks))('finds what trying every size finds: %s', (name) => {
    const peak = peaks[name]!;
    for (const most of [1, 2, 7, 5000]) {
      for (const limit of [1, 99, 600, 1037, 1038, 5000, 5001, 6000, 12_345, 70_000]) {
        let measured = 0;
        const found = largestFit(
          (size) => {
            measured += 1;
            return { size, peakBytes: peak(size) };
          },
          limit,
          most,
        );
        const expected = reference(peak, limit, most);
        expect(found.size, `${limit} of ${most}`).toBe(expected);
        expect(found.result.size).toBe(expected ?? 1);
        expect(found.bounded).toBe(expected === most);
        expect(measured, `${limit} of ${most}`).toBeLessThan(30);
      }
    }
  });
});
