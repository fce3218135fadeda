import { UsageError } from '@leantune/core';
import { messages } from '../messages.js';
import type { MetricName } from '../metrics/metric.js';
import { getMetric } from '../metrics/registry.js';

type Values = Readonly<Partial<Record<MetricName, number>>>;

export interface TaskScore {
  readonly split: string;
  readonly rows: number;
  readonly primary: MetricName;
  /** A metric that is not defined on these predictions is absent here and named in `undefinedMetrics`. */
  readonly metrics: Values;
  /** Of the metrics that have one: see `Metric.standardError`. */
  readonly standardErrors: Values;
  readonly undefinedMetrics: readonly MetricName[];
  /** Rows with an output that is not a number: a diverged model. With any of them no metric is defined. */
  readonly invalidRows: number;
  /** What a reader must know of how the rows were scored. */
  readonly warnings?: readonly string[];
  /** The same over parts of the rows, e.g. the subjects of an examination. */
  readonly groups?: Readonly<Record<string, Pick<TaskScore, 'rows' | 'metrics' | 'standardErrors'>>>;
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

/** What a metric takes: predictions and labels, or the rows' own scores and weights; [rows] each. */
export interface MetricInput {
  readonly predictions: ArrayLike<number>;
  readonly labels: ArrayLike<number>;
}

/** Every metric of `names`; `inputOf` gives what each of them takes. */
export function scoreRows(
  split: string,
  names: readonly [MetricName, ...MetricName[]],
  rows: number,
  inputOf: (name: MetricName) => MetricInput,
): TaskScore {
  const metrics: Partial<Record<MetricName, number>> = {};
  const standardErrors: Partial<Record<MetricName, number>> = {};
  const undefinedMetrics: MetricName[] = [];
  let invalidRows = 0;
  for (const name of names) {
    const { predictions, labels } = inputOf(name);
    const invalid = Array.from(predictions).filter(Number.isNaN).length;
    invalidRows = Math.max(invalidRows, invalid);
    const value = invalid > 0 ? undefined : getMetric(name).compute(predictions, labels);
    if (value === undefined) {
      undefinedMetrics.push(name);
      continue;
    }
    metrics[name] = value;
    const error = getMetric(name).standardError(predictions, labels);
    if (error !== undefined) standardErrors[name] = error;
  }
  return { split, rows, primary: names[0], metrics, standardErrors, undefinedMetrics, invalidRows };
}
