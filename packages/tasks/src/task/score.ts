import { UsageError } from '@leantune/core';
import { messages } from '../messages.js';
import type { MetricName } from '../metrics/metric.js';
import { getMetric } from '../metrics/registry.js';

export interface TaskScore {
  readonly split: string;
  readonly rows: number;
  readonly primary: MetricName;
  /** A metric that is not defined on these predictions is absent here and named in `undefinedMetrics`. */
  readonly metrics: Readonly<Partial<Record<MetricName, number>>>;
  readonly undefinedMetrics: readonly MetricName[];
  /** Rows with an output that is not a number: a diverged model. With any of them no metric is defined. */
  readonly invalidRows: number;
}

/**
 * Predictions of model outputs [rows, width], row-major: with width 1 the value itself, else the index of the largest
 * value, the first of equals. A row with an output that is not a number gives NaN.
 */
export function predictionsOf(outputs: ArrayLike<number>, rows: number, width: number): Float64Array {
  if (outputs.length !== rows * width) {
    throw new UsageError(messages.outputCount(outputs.length, rows, width), { code: 'LEANTUNE_OUTPUTS' });
  }
  return Float64Array.from({ length: rows }, (_, row) => {
    const values = Array.from({ length: width }, (_, column) => outputs[row * width + column]!);
    if (values.some(Number.isNaN)) return Number.NaN;
    return width === 1 ? values[0]! : values.indexOf(Math.max(...values));
  });
}

/** `predictions` and `labels` are [rows]: class indices or real values. */
export function scorePredictions(
  split: string,
  names: readonly [MetricName, ...MetricName[]],
  predictions: ArrayLike<number>,
  labels: ArrayLike<number>,
): TaskScore {
  const invalidRows = Array.from(predictions).filter(Number.isNaN).length;
  const metrics: Partial<Record<MetricName, number>> = {};
  const undefinedMetrics: MetricName[] = [];
  for (const name of names) {
    const value = invalidRows > 0 ? undefined : getMetric(name).compute(predictions, labels);
    if (value === undefined) undefinedMetrics.push(name);
    else metrics[name] = value;
  }
  return { split, rows: labels.length, primary: names[0], metrics, undefinedMetrics, invalidRows };
}
