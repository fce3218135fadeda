import { describeOnBackends } from '../../../core/src/testing/backends.js';
import '../index.js';
import { contractCases } from '../testing/cases.js';
import { describeThinContract } from '../testing/thinContract.js';
import { tinyModels } from '../testing/tinyModels.js';

/** Every case of the battery with every architecture on every backend. */
await describeOnBackends('every case on every architecture', () => {
  for (const fixture of tinyModels) {
    for (const [spelling, { gradientOfLoss }] of Object.entries(contractCases)) {
      describeThinContract(spelling, fixture, { gradientOfLoss });
    }
  }
});
