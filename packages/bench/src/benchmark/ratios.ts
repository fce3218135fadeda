/** Times of interleaved rounds → a ratio with its spread. */
import { max, min, quantile } from 'simple-statistics';
import { z } from 'zod';

export const ratioSchema = z.strictObject({
  median: z.number(),
  lowerQuartile: z.number(),
  upperQuartile: z.number(),
  least: z.number(),
  most: z.number(),
  /** Rounds. */
  n: z.int().positive(),
});

export type Ratio = z.infer<typeof ratioSchema>;

/**
 * Ratios are taken within each round and only then summed up, so that drift of the machine falls out of them. Quantiles
 * lie on straight lines between order statistics, as numpy's.
 * @param samplesMs @param referenceMs milliseconds of the same rounds
 */
export function pairedRatio(samplesMs: readonly number[], referenceMs: readonly number[]): Ratio {
  const ratios = samplesMs.map((sample, round) => sample / referenceMs[round]!);
  const [lowerQuartile, median, upperQuartile] = quantile(ratios, [0.25, 0.5, 0.75]) as [number, number, number];
  return { median, lowerQuartile, upperQuartile, least: min(ratios), most: max(ratios), n: ratios.length };
}
