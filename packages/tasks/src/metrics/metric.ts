/** Values of a metric are plain numbers; a value that does not exist (0/0, a correlation with a constant) is absent. */
export interface Metric {
  readonly name: MetricName;
  /** How tables and axes call it. */
  readonly title: string;
  readonly direction: 'higher' | 'lower';
  /**
   * `fraction`: share of rows or a ratio, 0..1; `correlation`: -1..1; `squared-target`: the target's unit squared;
   * `nats`: natural logarithms a token; `perplexity`: their exponential.
   */
  readonly unit: 'fraction' | 'correlation' | 'squared-target' | 'nats' | 'perplexity';
  /**
   * What it takes: class indices and labels; real numbers and targets; or, of the other kinds, every row's own score
   * and its weight (1, or its tokens in language modelling).
   */
  readonly kind: MetricKind;
  /** `mean`: of the rows' own scores; `split`: of all rows at once. */
  readonly aggregation: 'mean' | 'split';
  /**
   * Score of `predictions` against `labels`, both of length [rows]; see `kind`.
   * Returns undefined where the metric is not defined, never NaN.
   * Throws UsageError where the lengths differ.
   */
  readonly compute: (predictions: ArrayLike<number>, labels: ArrayLike<number>) => number | undefined;
  /**
   * Standard error of that value over the rows: sample standard deviation of the rows' scores / √rows for a mean.
   * Undefined where there is no such formula, or fewer than two rows.
   */
  readonly standardError: (predictions: ArrayLike<number>, labels: ArrayLike<number>) => number | undefined;
}

export type MetricKind =
  'classification' | 'regression' | 'multiple-choice' | 'language-modelling' | 'question-answering';

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
  | 'meanSquaredError'
  | 'acc'
  | 'acc_norm'
  | 'loss'
  | 'perplexity'
  | 'exactMatch'
  | 'answerF1';
