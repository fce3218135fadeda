/** Means over rows, with weights, and their standard errors. */
type Compute = (values: ArrayLike<number>, weights: ArrayLike<number>) => number | undefined;

const finite = (value: number): number | undefined => (Number.isFinite(value) ? value : undefined);

/** Σ wᵢxᵢ / Σ wᵢ */
export const weightedMean: Compute = (values, weights) => {
  let sum = 0;
  let weight = 0;
  for (let row = 0; row < values.length; row++) {
    sum += values[row]! * weights[row]!;
    weight += weights[row]!;
  }
  return finite(sum / weight);
};

/**
 * Standard error of a weighted mean over n rows, √(n/(n-1) Σ (wᵢ(xᵢ - mean))²) / Σ wᵢ (ratio estimator, Cochran 1977);
 * with equal weights the sample standard deviation / √n, which lm-evaluation-harness prints.
 */
export const weightedMeanError: Compute = (values, weights) => {
  const mean = weightedMean(values, weights);
  const rows = values.length;
  if (mean === undefined || rows < 2) return undefined;
  let squares = 0;
  let weight = 0;
  for (let row = 0; row < rows; row++) {
    squares += (weights[row]! * (values[row]! - mean)) ** 2;
    weight += weights[row]!;
  }
  return finite(Math.sqrt((rows / (rows - 1)) * squares) / weight);
};

/** Exponential of the mean. */
export const perplexity: Compute = (values, weights) => {
  const mean = weightedMean(values, weights);
  return mean === undefined ? undefined : finite(Math.exp(mean));
};

/** By the delta method. */
export const perplexityError: Compute = (values, weights) => {
  const value = perplexity(values, weights);
  const error = weightedMeanError(values, weights);
  return value === undefined || error === undefined ? undefined : finite(value * error);
};

/** Standard error of an accuracy, of predicted and true classes. */
export const accuracyError: Compute = (predictions, labels) =>
  weightedMeanError(
    Array.from(labels, (label, row) => (predictions[row] === label ? 1 : 0)),
    Array.from(labels, () => 1),
  );

/** Standard error of a mean squared error. */
export const squaredErrorError: Compute = (predictions, labels) =>
  weightedMeanError(
    Array.from(labels, (label, row) => (predictions[row]! - label) ** 2),
    Array.from(labels, () => 1),
  );
