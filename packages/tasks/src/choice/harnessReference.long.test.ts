import { describe, it } from 'vitest';
import { checkReference, files, skipReason } from '../testing/harnessReference.js';

const MINUTES = 60_000;

describe.skipIf(skipReason !== undefined)(`likelihoods${skipReason ? ` (skipped: ${skipReason})` : ''}`, () => {
  it.each(files)('%s, every item and the totals', { timeout: 5 * MINUTES }, (file) =>
    checkReference(file, Number.POSITIVE_INFINITY),
  );
});
