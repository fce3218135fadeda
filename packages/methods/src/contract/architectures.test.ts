import { describeOnFirstBackend } from '../../../core/src/testing/backends.js';
import '../index.js';
import { contractCases } from '../testing/cases.js';
import { describeThinContract } from '../testing/thinContract.js';
import { tinyModels } from '../testing/tinyModels.js';

/** Every method as it comes, what composes with it as it comes, and the selections of few tokens. */
const spellings = Object.entries(contractCases).filter(
  ([spelling]) => !spelling.includes('(') || /^([a-z0-9-]+\+)?tokentune\(tokens=4\)$/.test(spelling),
);

/** BERT has the whole battery; the near relatives of others are in the long tier, as every backend and option is. */
const families = tinyModels.filter(({ modelType }) => /^(opt|bart|llama|vit)$/.test(modelType));

const suite = () => {
  for (const fixture of families) {
    for (const [spelling, { gradientOfLoss }] of spellings) {
      describeThinContract(spelling, fixture, { gradientOfLoss });
    }
  }
};

/** The long tier has the others in `architectures.long.test.ts`. */
await describeOnFirstBackend('contract on every architecture', suite);
