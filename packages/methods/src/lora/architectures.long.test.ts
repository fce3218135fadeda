import {
  forwardBackward,
  holdsValues,
  measureStepMemory,
  predict,
  releaseGradients,
  sgd,
  trainedParameters,
  useBackend,
  type ModelOutput,
} from '@leantune/core';
import { expect, it } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import { metaLike } from '../../../core/src/testing/loadedBackends.js';
import { applyMethods, getMethod } from '../index.js';
import { directionalCheck } from '../testing/directionalCheck.js';
import { perturb } from '../testing/perturb.js';
import { tinyModels, type TinyModel } from '../testing/tinyModels.js';

const spellings = [
  'head-only',
  'lora(rank=3)',
  'lora(rank=2,targets=all-linear)',
  'dora(rank=2,targets=all-linear)',
  'ia3',
  'qlora(rank=2,targets=all-linear)',
  'nf4+ia3',
];

/** Language models whose output matrix is the embedding have no head of their own. */
const isSupported = (fixture: TinyModel, spelling: string) => {
  const model = fixture.make();
  const supported = spelling !== 'head-only' || getMethod(spelling).supports(model) === true;
  model.release();
  return supported;
};

await describeOnBackends('methods of linear layers', (backend) => {
  const pairs = () => tinyModels.flatMap((fixture) => spellings.map((spelling) => [spelling, fixture] as const));

  it.each(pairs().map(([spelling, fixture]) => ({ spelling, name: fixture.name, fixture })))(
    '$spelling on $name: gradients of all that is trained, and a merge that changes nothing',
    ({ spelling, fixture }) => {
      const model = fixture.make();
      const batch = fixture.batch(0);
      if (!isSupported(fixture, spelling)) {
        expect(() => applyMethods(model, spelling)).toThrow(/tied weights/);
        return model.release();
      }
      const names = [...model.namedParameters()].map(([name]) => name);
      const { merge } = applyMethods(model, spelling, { seed: 2 });
      perturb(model);
      const trained = trainedParameters(model);
      const step = (onOutput?: (output: ModelOutput) => void) =>
        forwardBackward(model, batch, { seed: 0, microStep: 0, onOutput })!;
      // DoRA's norm counts as a constant: see doraLinear.test.ts.
      if (!spelling.startsWith('dora')) {
        // Kinks of a ReLU lie within the step of the differences: there only gross errors show.
        const tolerance = /^(opt|distilbert)$/.test(model.family) ? 0.15 : 0.02;
        const wrong = directionalCheck(step, trained).filter(({ norm, error }) => !(error <= tolerance * norm + 2e-4));
        expect(wrong).toEqual([]);
      } else step();
      expect([...model.namedParameters()].filter(([, { gradient }]) => gradient !== undefined).length).toBe(
        spelling.startsWith('dora') ? trained.length : 0,
      );
      releaseGradients(trained);
      if (merge !== undefined) {
        const before = predict(model, batch).logits;
        merge();
        expect([...model.namedParameters()].map(([name]) => name)).toEqual(names);
        expect(model.sites.some(({ isWrapped }) => isWrapped)).toBe(false);
        const after = predict(model, batch).logits;
        const scale = Math.max(1, ...before.map(Math.abs));
        expect(Math.max(...after.map((value, index) => Math.abs(value - before[index]!))) / scale).toBeLessThan(2e-5);
      }
      model.release();
    },
  );

  it.each(pairs().map(([spelling, fixture]) => ({ spelling, name: fixture.name, fixture })))(
    '$spelling on $name: the bytes of a step are those on meta',
    async ({ spelling, fixture }) => {
      if (!isSupported(fixture, spelling)) return;
      const measure = () => {
        const model = fixture.make(0.1);
        applyMethods(model, spelling);
        const trained = trainedParameters(model);
        const optimizer = sgd({ learningRate: 0.1 }).create(trained);
        const memory = measureStepMemory(model, optimizer, trained, fixture.batch(0), { seed: 0, microStep: 0 });
        optimizer.release();
        model.release();
        return memory;
      };
      const real = measure();
      await useBackend(await metaLike(backend));
      expect(holdsValues()).toBe(false);
      const inferred = measure();
      await useBackend(backend);
      expect(inferred).toEqual(real);
    },
  );
});
