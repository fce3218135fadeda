import { describe, expect, it } from 'vitest';
import { compareToFirst } from './statistics.js';

describe('compareToFirst', () => {
  it('takes ratios within rounds before their median', () => {
    // Round ratios of the second: 0.5, 0.6, 0.4, so 0.5 ± 0.1; the ratio of the medians would be 120 / 200 = 0.6.
    const [first, second] = compareToFirst([
      [100, 200, 400],
      [50, 120, 160],
    ]);
    expect(first).toEqual({
      // |100 - 200|, 0, |400 - 200|: their median is 100.
      stepMs: { median: 200, mad: 100, n: 3 },
      ratioToFirst: { median: 1, mad: 0, n: 3 },
    });
    expect(second?.stepMs).toEqual({ median: 120, mad: 40, n: 3 });
    expect(second?.ratioToFirst.median).toBeCloseTo(0.5, 12);
    expect(second?.ratioToFirst.mad).toBeCloseTo(0.1, 12);
  });

  it('does not see drift that hits a whole round', () => {
    const drift = [1, 3, 10, 0.5];
    const [, second] = compareToFirst([drift.map((factor) => 8 * factor), drift.map((factor) => 2 * factor)]);
    expect(second?.ratioToFirst).toEqual({ median: 0.25, mad: 0, n: 4 });
  });

  it('does not change or reorder the samples', () => {
    const samples = [[3, 1, 2]];
    compareToFirst(samples);
    expect(samples).toEqual([[3, 1, 2]]);
  });
});
