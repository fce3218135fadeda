import { describe, expect, it } from 'vitest';
import { adamW } from '../optim/adamW.js';
import { sgd } from '../optim/sgd.js';
import { useBackend } from '../backend/useBackend.js';
import { memoryMeter } from '../tensor/runtime.js';
import { describeOnBackends } from '../testing/backends.js';
import { TinyTransformer, tinyBatch, type TinyTransformerOptions } from '../testing/tinyTransformer.js';
import { measureStepMemory } from './measure.js';
import { train, trainedParameters } from './train.js';
import { loadBackends } from '../testing/loadedBackends.js';

const at = { seed: 1, microStep: 0, maxGradNorm: 1 };

/** word 11·8; three norms 2·8; attention 4·(8·8 + 8); up 32·8 + 32; down 8·32 + 8; pooler 8·8 + 8; classifier 3·8 + 3 */
const parameterCount = 88 + 48 + 288 + 288 + 264 + 72 + 27;

await describeOnBackends('memory of a step', () => {
  it.each([
    { optimizer: adamW({ learningRate: 0.1 }), stateCopies: 2 },
    { optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }), stateCopies: 1 },
    { optimizer: sgd({ learningRate: 0.1 }), stateCopies: 0 },
  ])('adds up: $optimizer.name with $stateCopies copies of state', ({ optimizer, stateCopies }) => {
    const model = new TinyTransformer({ dropout: 0.1 });
    const trained = trainedParameters(model);
    const state = optimizer.create(trained);
    const before = model.parameters().map((parameter) => [...parameter.read()]);
    const memory = measureStepMemory(model, state, trained, tinyBatch(1), at);
    expect(memory.staticBytes).toBe(4 * parameterCount * (2 + stateCopies));
    expect(memory.activationBytes).toBe(memory.peakBytes - memory.staticBytes);
    const { categories, timeline } = memory;
    const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);
    expect(sum(Object.values(categories))).toBe(memory.peakBytes);
    expect(categories.parameters).toBe(4 * parameterCount);
    expect(categories.optimizerState).toBe(4 * parameterCount * stateCopies);
    expect(sum(Object.values(memory.savedBytesByLayer))).toBe(memory.savedBytes);
    expect(memory.savedBytes).toBe(3792); // counted by hand in autograd/graphMemory.test.ts
    expect(Math.max(...timeline.map(({ liveBytes }) => liveBytes))).toBe(memory.peakBytes);
    expect(timeline.at(-1)!.liveBytes).toBe(memoryMeter().liveBytes);
    expect([...new Set(timeline.map(({ phase }) => phase))]).toEqual(['setup', 'forward', 'backward', 'update']);
    // The rate is 0: nothing was trained.
    expect(model.parameters().map((parameter) => [...parameter.read()])).toEqual(before);
    expect(memoryMeter().recordTimeline).toBe(false);
    state.release();
    model.release();
  });

  it('saves next to nothing where only the classifier is trained', () => {
    const model = new TinyTransformer({ dropout: 0.1 });
    for (const [name, parameter] of model.namedParameters()) parameter.requiresGrad = name.startsWith('classifier.');
    const trained = trainedParameters(model);
    const state = adamW({ learningRate: 0.1 }).create(trained);
    const memory = measureStepMemory(model, state, trained, tinyBatch(1), at);
    expect(memory.staticBytes).toBe(4 * (parameterCount + 3 * 27));
    expect(memory.savedBytes).toBe(64 + 24); // the classifier's input [2, 8] and log-probabilities [2, 3]
    state.release();
    model.release();
  });
});

describe('two backends', async () => {
  const { loaded, missing } = await loadBackends();
  const reason =
    missing.length === 0 ? '' : ` (${missing.map(({ name, reason: why }) => `${name}: ${why}`).join('; ')})`;

  async function onBoth(options: TinyTransformerOptions) {
    const results = [];
    for (const backend of loaded) {
      // Fused kernels need less room while they compute: the same program has no choice of kernels.
      await useBackend({ ...backend, fusesKernels: false });
      const model = new TinyTransformer(options);
      const batches = { length: 5, epoch: () => Array.from({ length: 5 }, (_, index) => tinyBatch(index)) };
      const optimizer = adamW({ learningRate: 0.01, weightDecay: 0.01 });
      results.push(await train(model, batches, { optimizer, epochs: 1, maxGradNorm: 1, seed: 2 }));
      model.release();
      expect(memoryMeter().liveBytes).toBe(0);
    }
    return results;
  }

  it.skipIf(loaded.length < 2).each([
    { dropout: 0.1 },
    { dropout: 0.1, vocabulary: 5000 }, // the peak lies in the update
  ])(`agree on losses, and to the byte on memory: %o${reason}`, async (options) => {
    const [first, ...others] = await onBoth(options);
    for (const other of others) {
      other.steps.forEach(({ loss, gradientNorm }, index) => {
        expect(Math.abs(loss - first!.steps[index]!.loss)).toBeLessThan(1e-4);
        expect(gradientNorm! / first!.steps[index]!.gradientNorm!).toBeCloseTo(1, 4);
      });
      expect(other.trainingPeakBytes).toBe(first!.trainingPeakBytes);
      expect(other.memory).toEqual(first!.memory); // every allocation of the timeline too
    }
  });
});
