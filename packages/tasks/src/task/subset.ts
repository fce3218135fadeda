import { RandomStream, UsageError } from '@leantune/core';
import { messages } from '../messages.js';

/** As `SPLIT_SEED` of the sentences: a limit means the same rows in every run, whatever the training seed. */
const SUBSET_SEED = 20150602;

/**
 * The first `count` rows of one fixed shuffle of the split, put back into the split's order. So a smaller subset is part
 * of every larger one, and files sorted by class or source give no lopsided subset.
 */
export function takeSubset<Row>(rows: readonly Row[], count: number, split: string): readonly Row[] {
  if (count >= rows.length) return rows;
  const order = new RandomStream(SUBSET_SEED, 'subset', split).shuffle(rows.map((_, index) => index));
  return order
    .slice(0, count)
    .sort((a, b) => a - b)
    .map((index) => rows[index]!);
}

/** Throws UsageError for what is no positive integer. */
export function checkLimit(option: string, limit: number | undefined): void {
  if (limit !== undefined && (!Number.isSafeInteger(limit) || limit < 1)) {
    throw new UsageError(messages.notPositiveInteger(option, limit), { code: 'LEANTUNE_ROW_LIMIT' });
  }
}
