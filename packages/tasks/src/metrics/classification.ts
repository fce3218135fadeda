/**
 * Classification metrics with scikit-learn's definitions and edge cases (`zero_division=0`): F1, precision and recall
 * are 0 where nothing was there to find, Matthews is 0 where labels or predictions are constant.
 */
import { confusion, type Confusion } from './confusion.js';

type Compute = (predictions: ArrayLike<number>, labels: ArrayLike<number>) => number;

const POSITIVE_CLASS = 1;

/** a / b, and 0 for 0 / 0. */
const ratio = (a: number, b: number): number => (b === 0 ? 0 : a / b);

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const f1OfClass = (counts: Confusion, index: number): number =>
  ratio(2 * counts.agreed[index]!, counts.labelled[index]! + counts.predicted[index]!);

/** Share of rows whose prediction equals the label. */
export const accuracy: Compute = (predictions, labels) => {
  const counts = confusion(predictions, labels);
  return sum(counts.agreed) / counts.rows;
};

/** F1 of class 1 against the rest. */
export const f1: Compute = (predictions, labels) => {
  const counts = confusion(predictions, labels);
  const index = counts.classes.indexOf(POSITIVE_CLASS);
  return index < 0 ? 0 : f1OfClass(counts, index);
};

/** Precision of class 1 against the rest. */
export const precision: Compute = (predictions, labels) => {
  const counts = confusion(predictions, labels);
  const index = counts.classes.indexOf(POSITIVE_CLASS);
  return index < 0 ? 0 : ratio(counts.agreed[index]!, counts.predicted[index]!);
};

/** Recall of class 1 against the rest. */
export const recall: Compute = (predictions, labels) => {
  const counts = confusion(predictions, labels);
  const index = counts.classes.indexOf(POSITIVE_CLASS);
  return index < 0 ? 0 : ratio(counts.agreed[index]!, counts.labelled[index]!);
};

/** Unweighted mean of the classes' F1. */
export const macroF1: Compute = (predictions, labels) => {
  const counts = confusion(predictions, labels);
  return sum(counts.classes.map((_, index) => f1OfClass(counts, index))) / counts.classes.length;
};

/** Mean of the classes' F1, weighted by how many rows carry the class as label. */
export const weightedF1: Compute = (predictions, labels) => {
  const counts = confusion(predictions, labels);
  return sum(counts.classes.map((_, index) => f1OfClass(counts, index) * counts.labelled[index]!)) / counts.rows;
};

/** Matthews correlation; for more than two classes Gorodkin's R_K (Comput. Biol. Chem. 28, 2004). */
export const matthews: Compute = (predictions, labels) => {
  const counts = confusion(predictions, labels);
  const { rows, agreed, labelled, predicted } = counts;
  const dot = (a: readonly number[], b: readonly number[]) => sum(a.map((value, index) => value * b[index]!));
  const covariance = sum(agreed) * rows - dot(labelled, predicted);
  const labelVariance = rows ** 2 - dot(labelled, labelled);
  const predictionVariance = rows ** 2 - dot(predicted, predicted);
  return ratio(covariance, Math.sqrt(labelVariance * predictionVariance));
};
