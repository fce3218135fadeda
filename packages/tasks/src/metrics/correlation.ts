/**
 * Correlations and errors of real-valued predictions, with scipy's definitions: undefined (scipy: NaN) for fewer than
 * two rows, a constant side or a value that is not finite.
 */
type Compute = (predictions: ArrayLike<number>, labels: ArrayLike<number>) => number | undefined;

const isConstant = (values: ArrayLike<number>): boolean => Array.from(values).every((value) => value === values[0]);

/** Deviations from the mean, scaled to length 1; the largest deviation is divided out first, so that nothing overflows. */
function unitDeviations(values: ArrayLike<number>): Float64Array {
  const deviations = Float64Array.from(values);
  const mean = deviations.reduce((total, value) => total + value, 0) / deviations.length;
  let largest = 0;
  for (let row = 0; row < deviations.length; row++) {
    deviations[row] = deviations[row]! - mean;
    largest = Math.max(largest, Math.abs(deviations[row]!));
  }
  const norm = largest * Math.sqrt(deviations.reduce((total, value) => total + (value / largest) ** 2, 0));
  return deviations.map((value) => value / norm);
}

/** Pearson's r, clipped to [-1, 1]. */
export const pearson: Compute = (predictions, labels) => {
  if (labels.length < 2 || isConstant(predictions) || isConstant(labels)) return undefined;
  const a = unitDeviations(predictions);
  const b = unitDeviations(labels);
  const correlation = a.reduce((total, value, row) => total + value * b[row]!, 0);
  return Number.isFinite(correlation) ? Math.min(1, Math.max(-1, correlation)) : undefined;
};

/** Ranks from 1; equal values share the average of their ranks. */
function averageRanks(values: ArrayLike<number>): Float64Array {
  const order = Array.from({ length: values.length }, (_, row) => row).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end += 1;
    for (let position = start; position < end; position++) ranks[order[position]!] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}

/** Spearman's rho: Pearson's r of the average ranks. */
export const spearman: Compute = (predictions, labels) => {
  const isNumber = (values: ArrayLike<number>) => Array.from(values).every((value) => !Number.isNaN(value));
  if (!isNumber(predictions) || !isNumber(labels)) return undefined;
  return pearson(averageRanks(predictions), averageRanks(labels));
};

/** Mean of the squared differences. */
export const meanSquaredError: Compute = (predictions, labels) => {
  let total = 0;
  for (let row = 0; row < labels.length; row++) total += (predictions[row]! - labels[row]!) ** 2;
  const mean = total / labels.length;
  return Number.isFinite(mean) ? mean : undefined;
};
