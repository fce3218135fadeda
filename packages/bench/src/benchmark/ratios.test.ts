import { expect, it } from 'vitest';
import { pairedRatio } from './ratios.js';

it('takes ratios within rounds before quantiles', () => {
  // Ratios 0.5, 0.6, 0.4, 2: sorted 0.4, 0.5, 0.6, 2. At places 0.75, 1.5 and 2.25 of 0 … 3, as numpy.quantile has it:
  // 0.4 + 0.75 · 0.1, (0.5 + 0.6) / 2 and 0.6 + 0.25 · 1.4. The ratio of the medians would be 0.85.
  const ratio = pairedRatio([50, 120, 40, 200], [100, 200, 100, 100]);
  expect(ratio.median).toBeCloseTo(0.55, 12);
  expect(ratio.lowerQuartile).toBeCloseTo(0.475, 12);
  expect(ratio.upperQuartile).toBeCloseTo(0.95, 12);
  expect([ratio.least, ratio.most, ratio.n]).toEqual([0.4, 2, 4]);
});

it('does not see drift that hits both sides of a round', () => {
  const drift = [1, 3, 10, 0.5, 7];
  const ratio = pairedRatio(
    drift.map((factor) => 2 * factor),
    drift.map((factor) => 8 * factor),
  );
  expect(ratio).toEqual({ median: 0.25, lowerQuartile: 0.25, upperQuartile: 0.25, least: 0.25, most: 0.25, n: 5 });
});

it('holds one round, and does not change the samples', () => {
  const samples = [30];
  expect(pairedRatio(samples, [20])).toMatchObject({ median: 1.5, least: 1.5, most: 1.5, n: 1 });
  const unordered = [3, 1, 2];
  pairedRatio(unordered, [1, 1, 1]);
  expect(unordered).toEqual([3, 1, 2]);
});
