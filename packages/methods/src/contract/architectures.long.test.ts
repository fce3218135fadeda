import { describeOnBackends } from '../../../core/src/testing/backends.js';
import '../index.js';
import { contractCases } from '../testing/cases.js';
import { describeThinContract } from '../testing/thinContract.js';
import { tinyModels, type TinyModel } from '../testing/tinyModels.js';

/** The published TokenTune is code for these two alone; the option refuses the others, which its own tests say. */
const published = ['bert', 'llama'];
const fits = (spelling: string, { modelType }: TinyModel) =>
  !spelling.includes('reference=true') || !spelling.includes('tokentune') || published.includes(modelType);

/** Every case of the battery with every architecture on the first backend; methods as they come on the others. */
await describeOnBackends('every case on every architecture', (_backend, isFirst) => {
  for (const fixture of tinyModels) {
    for (const [spelling, { gradientOfLoss }] of Object.entries(contractCases)) {
      if (!fits(spelling, fixture) || (!isFirst && spelling.includes('('))) continue;
      describeThinContract(spelling, fixture, { gradientOfLoss });
    }
  }
});
