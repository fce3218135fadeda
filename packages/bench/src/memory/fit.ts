/** The largest size whose peak stays within a limit. */

export interface Fit<Result> {
  /** Largest size that fits; absent where not even 1 does. */
  readonly size?: number;
  /** What was measured at `size`, at 1 where that does not fit. */
  readonly result: Result;
  /** `size` is the largest that was allowed, and still fits. */
  readonly bounded: boolean;
}

/**
 * Finds the largest size from 1 to `most` whose peak is at most `limitBytes`. Every size that the answer rests on is
 * measured: the one found, and the next one, which does not fit. Peaks grow with the size, faster and faster (each moment
 * of a step takes bytes in proportion to it, or to its square), so the line through two of them points near the answer.
 */
export function largestFit<Result extends { readonly peakBytes: number }>(
  measure: (size: number) => Result,
  limitBytes: number,
  most: number,
): Fit<Result> {
  const first = measure(1);
  if (first.peakBytes > limitBytes) return { result: first, bounded: false };
  let [fitting, result] = [1, first];
  /** Smallest size known not to fit. */
  let failing = most + 1;
  let failingPeak: number | undefined;
  let next = 2;
  while (fitting < failing - 1) {
    const [open, below, belowPeak] = [failing - fitting, fitting, result.peakBytes];
    const size = Math.min(Math.max(next, fitting + 1), failing - 1);
    const measured = measure(size);
    if (measured.peakBytes <= limitBytes) [fitting, result] = [size, measured];
    else [failing, failingPeak] = [size, measured.peakBytes];
    // The line through the two nearest measurements meets the limit here.
    const slope =
      failingPeak === undefined
        ? (result.peakBytes - belowPeak) / (fitting - below)
        : (failingPeak - result.peakBytes) / (failing - fitting);
    next = slope > 0 ? fitting + Math.floor((limitBytes - result.peakBytes) / slope) : failing;
    if (failingPeak === undefined) next = Math.max(next, 2 * fitting);
    // A kink may keep the line at one end: then by halves.
    else if (failing - fitting > open / 2) next = Math.floor((fitting + failing) / 2);
  }
  return { size: fitting, result, bounded: failingPeak === undefined };
}
