import { it } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import '../index.js';
import { contractCases } from '../testing/cases.js';
import { describeThinContract } from '../testing/thinContract.js';
import { tinyModels } from '../testing/tinyModels.js';

/** Every method as it comes, what composes with it as it comes, and the selections of few tokens. */
const spellings = Object.entries(contractCases).filter(
  ([spelling]) => !spelling.includes('(') || /^([a-z0-9-]+\+)?tokentune\(tokens=4\)$/.test(spelling),
);

/** On one backend: what backends could do differently is tested with BERT. */
let done = false;

await describeOnBackends('contract on every architecture', () => {
  if (done) {
    it.skip('skipped: run on another backend; all of them have it in the long tier', () => undefined);
    return;
  }
  done = true;
  // BERT has the whole battery.
  for (const fixture of tinyModels.filter(({ modelType }) => modelType !== 'bert')) {
    for (const [spelling, { gradientOfLoss }] of spellings) {
      describeThinContract(spelling, fixture, { gradientOfLoss });
    }
  }
});
