import { parityMessages } from './messages.js';

/** One compared tensor. */
export interface Comparison {
  readonly tensor: string;
  readonly holds: boolean;
  /** Largest error in the measure of the tolerance; absent where nothing could be compared. */
  readonly error?: number;
  readonly tolerance: number;
  /** What the error is relative to. */
  readonly measure: 'absolute' | 'relative to the tensor maximum' | 'relative' | 'relative L2';
  readonly note?: string;
}

type Values = ArrayLike<number>;

/** Analytically zero tensors hold rounding noise: below this they are compared by absolute value. */
export const analyticZero = 1e-6;

export function maxAbsolute(values: Values): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]!));
  return largest;
}

/** NaN anywhere must not pass as a small error. */
function maxDifference(actual: Values, expected: Values): number {
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (Number.isNaN(difference)) return Infinity;
    largest = Math.max(largest, difference);
  }
  return largest;
}

export function compareAbsolute(tensor: string, actual: Values, expected: Values, tolerance: number): Comparison {
  const mismatch = lengthMismatch(tensor, actual, expected, tolerance);
  if (mismatch !== undefined) return mismatch;
  const error = maxDifference(actual, expected);
  return { tensor, holds: error <= tolerance, error, tolerance, measure: 'absolute' };
}

/** Elementwise relative error (gradient norms). */
export function compareRelative(tensor: string, actual: Values, expected: Values, tolerance: number): Comparison {
  const mismatch = lengthMismatch(tensor, actual, expected, tolerance);
  if (mismatch !== undefined) return mismatch;
  let error = 0;
  for (let i = 0; i < expected.length; i++) {
    const relative = Math.abs(actual[i]! - expected[i]!) / Math.abs(expected[i]!);
    error = Number.isNaN(relative) ? Infinity : Math.max(error, relative);
  }
  return { tensor, holds: error <= tolerance, error, tolerance, measure: 'relative' };
}

/** Max absolute error over the largest absolute value of the expected tensor; absolute where that is noise. */
export function compareToMaximum(tensor: string, actual: Values, expected: Values, tolerance: number): Comparison {
  const mismatch = lengthMismatch(tensor, actual, expected, tolerance);
  if (mismatch !== undefined) return mismatch;
  const largest = maxAbsolute(expected);
  if (largest <= analyticZero) return compareAbsolute(tensor, actual, expected, analyticZero);
  const error = maxDifference(actual, expected) / largest;
  return { tensor, holds: error <= tolerance, error, tolerance, measure: 'relative to the tensor maximum' };
}

export function compareL2(tensor: string, actual: Values, expected: Values, tolerance: number): Comparison {
  const mismatch = lengthMismatch(tensor, actual, expected, tolerance);
  if (mismatch !== undefined) return mismatch;
  if (maxAbsolute(expected) <= analyticZero) return compareAbsolute(tensor, actual, expected, analyticZero);
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i]! - expected[i]!) ** 2;
    norm += expected[i]! ** 2;
  }
  const error = Math.sqrt(difference / norm);
  return { tensor, holds: error <= tolerance, error, tolerance, measure: 'relative L2' };
}

/** A tensor that could not be compared. */
export function notComparable(tensor: string, note: string): Comparison {
  return { tensor, holds: false, tolerance: 0, measure: 'absolute', note };
}

function lengthMismatch(tensor: string, actual: Values, expected: Values, tolerance: number): Comparison | undefined {
  if (actual.length === expected.length) return undefined;
  const note = parityMessages.shape([expected.length], [actual.length]);
  return { tensor, holds: false, tolerance, measure: 'absolute', note };
}
