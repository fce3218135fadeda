/** Orders of the rows of an epoch: functions of (seed, epoch) and the rows' lengths alone. */
import { RandomStream } from '@leantune/core';

/**
 * `shuffled`: a new order every epoch; `grouped`: shuffled, but rows of about the same length together (Hugging Face's
 * `group_by_length`); `length`: longest first, for evaluation with little padding; `rows`: as they come.
 */
export type RowOrder = 'shuffled' | 'grouped' | 'length' | 'rows';

/** Batches that are sorted by length together, at most, as in transformers' LengthGroupedSampler. */
const MOST_BATCHES_A_GROUP = 50;

export function orderRows(
  order: RowOrder,
  lengths: readonly number[],
  size: number,
  seed: number,
  epoch: number,
): number[] {
  const rows = lengths.map((_, index) => index);
  switch (order) {
    case 'shuffled':
      return new RandomStream(seed, 'shuffle', epoch).shuffle(rows);
    case 'grouped':
      return grouped(new RandomStream(seed, 'shuffle', epoch).shuffle(rows), lengths, size);
    case 'length':
      return longestFirst(rows, lengths);
    case 'rows':
      return rows;
  }
}

/** The sort is stable, so that equal lengths stay in their order. */
function longestFirst(rows: number[], lengths: readonly number[]): number[] {
  return rows.sort((a, b) => lengths[b]! - lengths[a]!);
}

/** Groups of several batches, each sorted by length; the longest row of all comes first, so that it runs out of memory first. */
function grouped(shuffled: readonly number[], lengths: readonly number[], size: number): number[] {
  const batches = Math.max(1, Math.min(MOST_BATCHES_A_GROUP, Math.floor(shuffled.length / (4 * size))));
  const width = batches * size;
  const groups = Array.from({ length: Math.ceil(shuffled.length / width) }, (_, group) =>
    longestFirst(shuffled.slice(group * width, (group + 1) * width), lengths),
  );
  const [first] = groups;
  if (first === undefined) return [];
  const longest = groups.reduce((best, group) => (lengths[group[0]!]! > lengths[best[0]!]! ? group : best), first);
  [first[0], longest[0]] = [longest[0]!, first[0]!];
  return groups.flat();
}
