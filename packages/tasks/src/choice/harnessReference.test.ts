import { describe, it } from 'vitest';
import { checkReference, files, skipReason } from '../testing/harnessReference.js';

/** Enough to see each rule at work; the long tests take all of them. */
const ITEMS = 12;

describe.skipIf(skipReason !== undefined)(`likelihoods${skipReason ? ` (skipped: ${skipReason})` : ''}`, () => {
  it.each(files)('%s', (file) => checkReference(file, ITEMS));
});
