import { describe, expect, it } from 'vitest';
import { withSavingPolicy } from '../../autograd/policy.js';
import { nodeProviders } from '../../node/loadBackend.js';
import { adamW } from '../../optim/adamW.js';
import { sgd } from '../../optim/sgd.js';
import { memoryMeter } from '../../tensor/runtime.js';
import { openScopes } from '../../tensor/scope.js';
import '../../testing/backends.js'; // registers those of the packages above
import { TinyTransformer, tinyBatch } from '../../testing/tinyTransformer.js';
import { measureStepMemory } from '../../train/measure.js';
import { trainedParameters } from '../../train/train.js';
import { isLoaded, type LoadedBackend } from '../backend.js';
import { useBackend } from '../useBackend.js';
import { metaProvider } from './provider.js';

/** Meta with composed kernels and with fused ones: as the other backend computes. */
const metas = new Map<boolean, LoadedBackend>();
for (const fusesKernels of [false, true]) {
  metas.set(fusesKernels, (await metaProvider({ fusesKernels }).load()) as LoadedBackend);
}
const others: LoadedBackend[] = [];
for (const provider of nodeProviders()) {
  const result = await provider.load();
  if (isLoaded(result)) others.push(result);
}

const optimizers = [
  adamW({ learningRate: 0.1, weightDecay: 0.1 }),
  adamW({ learningRate: 0.1, weightDecay: 0.1, decay: 'l2' }),
  sgd({ learningRate: 0.1, momentum: 0.9 }),
  sgd({ learningRate: 0.1 }),
];

describe('a step on meta', () => {
  const cases = optimizers.flatMap((optimizer, index) =>
    [undefined, 1e-6, 1e6].flatMap((maxGradNorm) =>
      (['lean', 'pytorch'] as const).flatMap((saving) =>
        [0, 0.1].map((dropout) => ({ optimizer, name: `${optimizer.name} ${index}`, maxGradNorm, saving, dropout })),
      ),
    ),
  );

  it.each(cases)(
    'has the figures of other backends: $name, maxGradNorm $maxGradNorm, $saving, dropout $dropout',
    async ({ optimizer, maxGradNorm, saving, dropout }) => {
      const measure = async (backend: LoadedBackend) => {
        await useBackend(backend);
        const model = new TinyTransformer({ dropout });
        const trained = trainedParameters(model);
        const state = optimizer.create(trained);
        const memory = withSavingPolicy(saving, () =>
          measureStepMemory(model, state, trained, tinyBatch(1), {
            seed: 1,
            microStep: 0,
            maxGradNorm,
            gradientAccumulation: 2,
          }),
        );
        state.release();
        model.release();
        expect(memoryMeter().liveBytes).toBe(0);
        expect(openScopes()).toBe(0);
        expect(backend.kernels.numDataIds()).toBeLessThan(300); // constants
        return memory;
      };
      for (const backend of others) {
        const expected = await measure(metas.get(backend.fusesKernels === true)!);
        expect(await measure(backend)).toEqual(expected);
      }
    },
  );
});
