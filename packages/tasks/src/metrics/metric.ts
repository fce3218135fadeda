/** Values of a metric are plain numbers; a value that does not exist (0/0, a correlation with a constant) is absent. */
export interface Metric {
  readonly name: MetricName;
  /** How tables and axes call it. */
  readonly title: string;
  readonly direction: 'higher' | 'lower';
  /** `fraction`: share of rows or a ratio, 0..1; `correlation`: -1..1; `squared-target`: the target's unit squared. */
  readonly unit: 'fraction' | 'correlation' | 'squared-target';
  /** What `predictions` and `labels` hold: class indices or real numbers. */
  readonly kind: 'classification' | 'regression';
  /**
   * Score of `predictions` against `labels`, both of length [rows].
   * Returns undefined where the metric is not defined, never NaN.
   * Throws UsageError where the lengths differ.
   */
  readonly compute: (predictions: ArrayLike<number>, labels: ArrayLike<number>) => number | undefined;
}

export type MetricName =
  | 'accuracy'
  | 'f1'
  | 'macroF1'
  | 'microF1'
  | 'weightedF1'
  | 'precision'
  | 'recall'
  | 'matthews'
  | 'accuracyF1Mean'
  | 'pearson'
  | 'spearman'
  | 'pearsonSpearmanMean'
  | 'meanSquaredError';
