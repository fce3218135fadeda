import {
  adamW,
  measureStepMemory,
  memoryMeter,
  sgd,
  trainedParameters,
  useBackend,
  withSavingPolicy,
  type LoadedBackend,
  type OptimizerDefinition,
  type SavingPolicy,
  type StepMemory,
} from '@leantune/core';
import { describe, expect, it } from 'vitest';
import { contractCases } from '../testing/cases.js';
import { classification, regression, tinyBert, type ModelFixture } from '../testing/tinyBert.js';
import { applyMethods } from '../index.js';
import { describeMissing, loadBackends, metaLike } from '../../../core/src/testing/loadedBackends.js';

interface Setting {
  readonly saving: SavingPolicy;
  readonly dropout: number;
  readonly optimizer: OptimizerDefinition;
  readonly gradientAccumulation: number;
  readonly maxGradNorm: number | undefined;
}

const plainSgd = sgd({ learningRate: 0.1 });
const momentumSgd = sgd({ learningRate: 0.1, momentum: 0.9, weightDecay: 0.1 });
const decayingAdamW = adamW({ learningRate: 0.1, weightDecay: 0.1 });

/** Every value of every setting; both policies with and without dropout. */
const settings: readonly Setting[] = [
  { saving: 'lean', dropout: 0, optimizer: decayingAdamW, gradientAccumulation: 1, maxGradNorm: undefined },
  { saving: 'lean', dropout: 0.1, optimizer: plainSgd, gradientAccumulation: 1, maxGradNorm: 1e-3 },
  { saving: 'lean', dropout: 0.1, optimizer: decayingAdamW, gradientAccumulation: 2, maxGradNorm: 1e3 },
  { saving: 'pytorch', dropout: 0, optimizer: momentumSgd, gradientAccumulation: 2, maxGradNorm: undefined },
  { saving: 'pytorch', dropout: 0.1, optimizer: decayingAdamW, gradientAccumulation: 1, maxGradNorm: 1e-3 },
  { saving: 'pytorch', dropout: 0.1, optimizer: momentumSgd, gradientAccumulation: 1, maxGradNorm: 1e3 },
];

const { loaded: computing, missing } = await loadBackends();
describeMissing(missing);

async function measure(
  backend: LoadedBackend,
  fixture: ModelFixture,
  spelling: string,
  { saving, dropout, optimizer, gradientAccumulation, maxGradNorm }: Setting,
): Promise<StepMemory> {
  await useBackend(backend);
  const model = fixture.make(dropout);
  applyMethods(model, spelling, { seed: 11 });
  const trained = trainedParameters(model);
  const state = optimizer.create(trained);
  const at = { seed: 5, microStep: 0, gradientAccumulation, maxGradNorm };
  const memory = withSavingPolicy(saving, () => measureStepMemory(model, state, trained, fixture.batch(0), at));
  state.release();
  model.release();
  expect(memoryMeter().liveBytes).toBe(0);
  return memory;
}

describe.each([tinyBert(classification), tinyBert(regression)])('a step of $name on meta', (fixture) => {
  describe.each(Object.keys(contractCases))('%s', (spelling) => {
    it.each(settings)(
      'has the figures of a real one, allocation by allocation: $saving, dropout $dropout, $optimizer.name, ' +
        '$gradientAccumulation micro-batches, clipped to $maxGradNorm',
      async (setting) => {
        for (const backend of computing) {
          const expected = await measure(await metaLike(backend), fixture, spelling, setting);
          expect(expected.savedBytes).toBeGreaterThan(0);
          expect(await measure(backend, fixture, spelling, setting)).toEqual(expected);
        }
      },
    );
  });
});
