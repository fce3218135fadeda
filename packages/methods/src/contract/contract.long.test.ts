import { it } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import '../index.js';
import { contractCases } from '../testing/cases.js';
import { describeWholeContract } from '../testing/contract.js';
import { classification, tinyBert } from '../testing/tinyBert.js';

/** The whole battery for methods with options; as they come they have it in the short tier. */
await describeOnBackends('contract of every option', (_backend, isFirst) => {
  if (!isFirst) return it.skip('skipped: on the first backend only', () => undefined);
  for (const [spelling, claims] of Object.entries(contractCases)) {
    if (spelling.includes('(')) describeWholeContract(spelling, tinyBert(classification), claims);
  }
});
