import { readFileSync } from 'node:fs';
import { UsageError } from '@leantune/core';
import { describe, expect, it } from 'vitest';
import { missingShared, sharedPath } from '../testing/shared.js';
import type { MetricName } from './metric.js';
import { getMetric, metricNames } from './registry.js';

/** scikit-learn 1.9.1 and scipy 1.17.1 on the same vectors; null is NaN, a string starts with `error:`. */
interface GoldenVector {
  readonly name: string;
  readonly labels: number[];
  readonly predictions: number[];
  readonly [metric: string]: unknown;
}

const GOLDEN = 'goldens/metrics/metrics.json';
const skipReason = missingShared(GOLDEN);

const nameOf: Readonly<Record<string, MetricName>> = {
  accuracy: 'accuracy',
  matthews: 'matthews',
  f1: 'f1',
  f1_macro: 'macroF1',
  f1_micro: 'microF1',
  f1_weighted: 'weightedF1',
  precision: 'precision',
  recall: 'recall',
  pearson: 'pearson',
  spearman: 'spearman',
  mse: 'meanSquaredError',
};

const vectorFields = new Set(['name', 'labels', 'predictions', 'mean_of_both', 'pearson_pvalue']);

function expectValue(metric: MetricName, vector: GoldenVector, expected: unknown): void {
  const found = getMetric(metric).compute(vector.predictions, vector.labels);
  if (typeof expected === 'number') {
    expect(found, metric).toBeDefined();
    // Absolute below 1, relative above (the squared error of the offset vector is 1e12).
    expect(Math.abs(found! - expected) / Math.max(1, Math.abs(expected)), metric).toBeLessThanOrEqual(1e-9);
  } else {
    // scipy's NaN and its refusal of a single pair are both "no such number" here.
    expect(expected === null || (typeof expected === 'string' && expected.startsWith('error:')), metric).toBe(true);
    expect(found, metric).toBeUndefined();
  }
}

describe.skipIf(skipReason !== undefined)(`reference vectors${skipReason ? ` (skipped: ${skipReason})` : ''}`, () => {
  const golden = (
    skipReason === undefined
      ? JSON.parse(readFileSync(sharedPath(GOLDEN), 'utf8'))
      : { classification: [], regression: [] }
  ) as { classification: GoldenVector[]; regression: GoldenVector[] };
  const vectors = [
    ...golden.classification.map((vector) => ({ vector, mean: undefined })),
    ...golden.regression.map((vector) => ({ vector, mean: 'pearsonSpearmanMean' as const })),
  ];

  it.each(vectors)('$vector.name', ({ vector, mean }) => {
    const fields = Object.keys(vector).filter((field) => !vectorFields.has(field));
    expect(fields.length).toBeGreaterThanOrEqual(3);
    for (const field of fields) {
      const metric = nameOf[field];
      expect(metric, field).toBeDefined();
      expectValue(metric!, vector, vector[field]);
    }
    if (mean !== undefined) expectValue(mean, vector, vector.mean_of_both);
  });

  it('covers every kind of edge case', () => {
    expect(golden.classification.length).toBeGreaterThanOrEqual(20);
    expect(golden.regression.length).toBeGreaterThanOrEqual(17);
  });
});

describe('metrics', () => {
  it.each(metricNames())('%s has no value for no rows and never gives NaN', (name) => {
    const metric = getMetric(name);
    expect(metric.compute([], [])).toBeUndefined();
    if (metric.kind === 'regression') {
      expect(metric.compute([Number.NaN, 1, 2], [1, 2, 3])).toBeUndefined();
      expect(metric.compute([Number.POSITIVE_INFINITY, 1, 2], [1, 2, 3])).not.toBeNaN();
    }
  });

  it('refuses lengths that differ', () => {
    expect(() => getMetric('accuracy').compute([1], [1, 0])).toThrow(
      new UsageError('accuracy: 1 predictions for 2 labels', { code: 'LEANTUNE_METRIC_LENGTHS' }),
    );
  });

  it('names the nearest metric', () => {
    expect(() => getMetric('accurcy')).toThrow('unknown metric "accurcy"; did you mean "accuracy"?');
  });

  it('averages accuracy and F1', () => {
    // accuracy 3/4, F1 of class 1: 2·1 / (2·1 + 1) = 2/3.
    expect(getMetric('accuracyF1Mean').compute([1, 0, 0, 0], [1, 1, 0, 0])).toBeCloseTo((3 / 4 + 2 / 3) / 2, 12);
  });

  it('knows which way is better', () => {
    expect(metricNames().filter((name) => getMetric(name).direction === 'lower')).toEqual([
      'meanSquaredError',
      'loss',
      'perplexity',
    ]);
  });

  it('survives deviations whose squares overflow', () => {
    expect(getMetric('pearson').compute([1e200, -1e200, 0], [1, -1, 0])).toBeCloseTo(1, 12);
  });
});
