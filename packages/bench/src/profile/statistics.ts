/** Step times of interleaved rounds → what is reported of them. */
import { median, medianAbsoluteDeviation } from 'simple-statistics';

export interface Spread {
  readonly median: number;
  /** Median absolute deviation from the median, not scaled. */
  readonly mad: number;
  readonly n: number;
}

/** Times of one method, and their ratio to those of the first. */
export interface Comparison {
  readonly stepMs: Spread;
  readonly ratioToFirst: Spread;
}

/**
 * Ratios are taken within each round and only then summed up: what slows a whole round down (a warm processor, a
 * neighbour) falls out of them.
 * @param samplesMs step times in milliseconds, [method][round]
 */
export function compareToFirst(samplesMs: readonly (readonly number[])[]): Comparison[] {
  const first = samplesMs[0] ?? [];
  return samplesMs.map((samples) => ({
    stepMs: spreadOf(samples),
    ratioToFirst: spreadOf(samples.map((sample, round) => sample / first[round]!)),
  }));
}

function spreadOf(values: readonly number[]): Spread {
  const copy = [...values];
  return { median: median(copy), mad: medianAbsoluteDeviation(copy), n: copy.length };
}
