import { describe, expect, it } from 'vitest';
import type { Batch } from '../data/batch.js';
import { OutOfMemoryError, UsageError } from '../errors/errors.js';
import { adamW } from '../optim/adamW.js';
import { sgd } from '../optim/sgd.js';
import { RandomStream } from '../random/stream.js';
import { memoryMeter } from '../tensor/runtime.js';
import { openScopes } from '../tensor/scope.js';
import { describeOnBackends } from '../testing/backends.js';
import { TinyTransformer, tinyBatch } from '../testing/tinyTransformer.js';
import { predict } from './predict.js';
import { train, trainedParameters, type BatchSource, type TrainOptions } from './train.js';
import { trainStep } from './trainStep.js';

const live = () => memoryMeter().liveBytes;
const step = { seed: 3, microStep: 0, learningRate: 0.1, maxGradNorm: 1 };

/** `count` different batches, the same in every epoch. */
const source = (count: number): BatchSource => ({
  length: count,
  epoch: () => Array.from({ length: count }, (_, index) => tinyBatch(index)),
});

const valuesOf = (model: TinyTransformer) =>
  new Map([...model.namedParameters()].map(([name, parameter]) => [name, [...parameter.read()]]));

/** Both batches, one after the other, as one. */
function joined(a: Batch, b: Batch): Batch {
  const join = (name: 'inputIds' | 'attentionMask') => {
    const data = Int32Array.from([...a.inputs[name]!.data, ...b.inputs[name]!.data]);
    return { dtype: 'int32', shape: [a.size + b.size, a.length], data } as const;
  };
  const labels = Int32Array.from([...a.labels.data, ...b.labels.data]);
  return {
    size: a.size + b.size,
    length: a.length,
    inputs: { inputIds: join('inputIds'), attentionMask: join('attentionMask') },
    labels: { dtype: 'int32', shape: [a.size + b.size], data: labels },
  };
}

async function trainModel(options: Partial<TrainOptions> = {}, dropout = 0.1, batches = source(3)) {
  const model = new TinyTransformer({ dropout });
  try {
    const result = await train(model, batches, { optimizer: adamW({ learningRate: 0.01 }), epochs: 1, ...options });
    return { ...result, losses: result.steps.map(({ loss }) => loss), values: valuesOf(model) };
  } finally {
    model.release();
  }
}

await describeOnBackends('training', () => {
  describe('trainStep', () => {
    it('of two micro-batches is that of one batch of both', () => {
      const [a, b] = [tinyBatch(1), tinyBatch(2)];
      const run = (batches: Batch[]) => {
        const model = new TinyTransformer({ dropout: 0 });
        const trained = trainedParameters(model);
        const result = trainStep(model, sgd({ learningRate: 1 }).create(trained), trained, batches, step);
        const values = valuesOf(model);
        model.release();
        return { ...result, values };
      };
      const [two, one] = [run([a, b]), run([joined(a, b)])];
      expect(two.loss).toBeCloseTo(one.loss!, 6);
      expect(two.gradientNorm! / one.gradientNorm!).toBeCloseTo(1, 5);
      for (const [name, values] of one.values) {
        const error = Math.max(...values.map((value, index) => Math.abs(value - two.values.get(name)![index]!)));
        expect(error, name).toBeLessThan(1e-6);
      }
    });

    it('ends with the buffers that it began with, once the optimiser has its state', () => {
      const model = new TinyTransformer({ dropout: 0.1 });
      const trained = trainedParameters(model);
      const optimizer = adamW({ learningRate: 0.1 }).create(trained);
      const before = live();
      trainStep(model, optimizer, trained, [tinyBatch(1), tinyBatch(2)], step);
      expect(live()).toBe(before + optimizer.stateBytes);
      const categories = memoryMeter().liveByCategory;
      trainStep(model, optimizer, trained, [tinyBatch(3), tinyBatch(4)], step);
      expect(memoryMeter().liveByCategory).toEqual(categories);
      expect(categories).toMatchObject({ gradients: 0, savedActivations: 0, batch: 0, workspace: 0 });
      expect(optimizer.stateBytes).toBe(2 * before); // two moments of everything
      optimizer.release();
      model.release();
    });

    it('leaves parameters alone, and nothing else, wherever memory ends', () => {
      const model = new TinyTransformer({ dropout: 0.1, vocabulary: 200 });
      const trained = trainedParameters(model);
      const meter = memoryMeter();
      const run = () => {
        const optimizer = adamW({ learningRate: 0.1 }).create(trained);
        try {
          trainStep(model, optimizer, trained, [tinyBatch(1), tinyBatch(2)], step);
        } finally {
          optimizer.release();
        }
      };
      const before = live();
      meter.resetPeak();
      run();
      const { peakBytes, phase } = meter.snapshot();
      expect(phase).toBe('update'); // so the limits below end every phase
      for (let limit = before; limit < peakBytes; limit += Math.ceil((peakBytes - before) / 60)) {
        meter.limitBytes = limit;
        try {
          expect(run, `limit ${limit}`).toThrow(OutOfMemoryError);
        } finally {
          meter.limitBytes = undefined;
        }
        expect(live(), `limit ${limit}`).toBe(before);
        expect(meter.liveSavedBytes).toBe(0);
        expect(openScopes()).toBe(0);
      }
      model.release();
    });

    it('changes only what is trained', () => {
      const model = new TinyTransformer({ dropout: 0.1 });
      for (const [name, parameter] of model.namedParameters()) parameter.requiresGrad = name.startsWith('classifier.');
      const trained = trainedParameters(model);
      expect(trained.map(([name]) => name)).toEqual(['classifier.weight', 'classifier.bias']);
      const before = valuesOf(model);
      const optimizer = adamW({ learningRate: 0.1, weightDecay: 0.1 }).create(trained);
      trainStep(model, optimizer, trained, [tinyBatch(1)], step);
      for (const [name, values] of valuesOf(model)) {
        if (name.startsWith('classifier.')) expect(values, name).not.toEqual(before.get(name));
        else expect(values, name).toEqual(before.get(name));
      }
      optimizer.release();
      model.release();
    });
  });

  describe('train', () => {
    it('reports steps and epochs in order, with the rates of the schedule', async () => {
      const events: string[] = [];
      const batches: BatchSource = {
        length: 3,
        epoch: (index) => {
          events.push(`batches ${index}`);
          return [0, 1, 2].map((offset) => tinyBatch(3 * index + offset));
        },
      };
      const { steps, interrupted, values } = await trainModel(
        {
          epochs: 3,
          gradientAccumulation: 2,
          schedule: 'linear',
          warmupRatio: 0.25,
          memoryBatch: tinyBatch(0),
          onStep: ({ epoch, step: number, totalSteps }) => void events.push(`step ${number}/${totalSteps} of ${epoch}`),
          onEpoch: async (epoch) => void events.push(`epoch ${epoch}`),
        },
        0.1,
        batches,
      );
      expect(events).toEqual(
        [0, 1, 2].flatMap((epoch) => [
          `batches ${epoch}`,
          `step ${2 * epoch + 1}/6 of ${epoch}`,
          `step ${2 * epoch + 2}/6 of ${epoch}`,
          `epoch ${epoch}`,
        ]),
      );
      // 3 batches, 2 a step: 2 steps an epoch, 6 in all. Warm-up of ⌈1.5⌉ = 2 steps, then down to 0 at step 6.
      expect(steps.map(({ learningRate }) => learningRate / 0.01)).toEqual(
        [0, 0.5, 1, 0.75, 0.5, 0.25].map((factor) => expect.closeTo(factor, 12) as number),
      );
      expect(steps.every(({ stepMs, gradientNorm }) => stepMs > 0 && gradientNorm === undefined)).toBe(true);
      expect(interrupted).toBe(false);
      expect(values.size).toBe(23);
    });

    it.each([1, 3])('measures the step that it trains with: accumulation of %i', async (gradientAccumulation) => {
      // Equal batches in and after training: the measured step has the peak that training had.
      const equal: BatchSource = { length: 6, epoch: () => Array.from({ length: 6 }, () => tinyBatch(1)) };
      const result = await trainModel({ gradientAccumulation, epochs: 2, maxGradNorm: 1 }, 0.1, equal);
      expect(result.memory.peakBytes).toBe(result.trainingPeakBytes);
    });

    it('warms up over so many steps, or over a share where these are 0', async () => {
      const factors = async (warmupSteps: number) => {
        const { steps } = await trainModel({ epochs: 2, schedule: 'linear', warmupRatio: 1 / 6, warmupSteps });
        return steps.map(({ learningRate }) => Number((learningRate / 0.01).toFixed(9)));
      };
      // Up from 0 over the warm-up, then down to 0 at step 6.
      expect(await factors(2)).toEqual([0, 0.5, 1, 0.75, 0.5, 0.25]);
      expect(await factors(0)).toEqual([0, 1, 0.8, 0.6, 0.4, 0.2]);
      // A warm-up longer than the training is cut off.
      expect(await factors(100)).toEqual([0, 0.01, 0.02, 0.03, 0.04, 0.05]);
    });

    it('ends after maxSteps, within an epoch too, and schedules end there', async () => {
      const epochs: number[] = [];
      const options = {
        epochs: 3,
        maxSteps: 4,
        schedule: 'linear',
        onEpoch: (epoch: number) => void epochs.push(epoch),
      } as const;
      const { steps } = await trainModel(options);
      expect(steps.map(({ step, totalSteps }) => [step, totalSteps])).toEqual([[1, 4], [2, 4], [3, 4], [4, 4]]); // prettier-ignore
      // lr · (total - step) / total
      expect(steps.map(({ learningRate }) => learningRate)).toEqual([0.01, 0.0075, 0.005, 0.0025]);
      expect(epochs).toEqual([0, 1]);
    });

    it('stops with a typed error where the loss is no number', async () => {
      const model = new TinyTransformer({ dropout: 0 });
      const options = { optimizer: sgd({ learningRate: 1e30 }), epochs: 3 };
      await expect(train(model, source(3), options)).rejects.toMatchObject({ code: 'LEANTUNE_DIVERGED' });
      model.release();
    });

    it('draws tokens once a micro-batch, each from a stream of its own that the seed names', async () => {
      const drawn: number[] = [];
      const model = new TinyTransformer({ dropout: 0 });
      model.tokenSelector = (batch, random) => {
        drawn.push(random.nextUint32());
        const positions = Int32Array.from({ length: batch.size * 2 }, (_, slot) => (slot % 2 === 0 ? 0 : 2));
        return { tokens: 2, positions, mask: new Int32Array(batch.size * 2).fill(1) };
      };
      const options = { optimizer: sgd({ learningRate: 0.1 }), epochs: 2, seed: 9, gradientAccumulation: 2 };
      await train(model, source(3), options);
      // 6 micro-batches of training, then 2 each of the warm-up and the measured step.
      expect(drawn).toEqual(
        Array.from({ length: 10 }, (_, microStep) => new RandomStream(9, 'tokens', microStep).nextUint32()),
      );
      drawn.length = 0;
      predict(model, tinyBatch(1));
      expect(drawn).toEqual([]);
      model.release();
    });

    it('stops after the running step when told to', async () => {
      const controller = new AbortController();
      const epochs: number[] = [];
      const result = await trainModel({
        epochs: 4,
        signal: controller.signal,
        onStep: ({ step: number }) => {
          if (number === 5) controller.abort();
        },
        onEpoch: (epoch) => void epochs.push(epoch),
      });
      expect(result.interrupted).toBe(true);
      expect(result.losses).toHaveLength(5); // 3 in epoch 0, 2 in epoch 1
      expect(epochs).toEqual([0]);
      const before = await trainModel({ signal: AbortSignal.abort() });
      expect(before).toMatchObject({ interrupted: true, losses: [] });
    });

    it('gives bit-identical losses and weights for one seed, and others for another', async () => {
      const options = { epochs: 2, maxGradNorm: 1 };
      const [first, again, other] = [
        await trainModel({ ...options, seed: 5 }),
        await trainModel({ ...options, seed: 5 }),
        await trainModel({ ...options, seed: 6 }),
      ];
      expect(again.losses).toEqual(first.losses);
      expect(again.values).toEqual(first.values);
      expect(other.losses).not.toEqual(first.losses);
    });

    it('gives the same losses under both saving policies', async () => {
      const [lean, pytorch] = [await trainModel({ epochs: 2 }), await trainModel({ epochs: 2, saving: 'pytorch' })];
      lean.losses.forEach((loss, index) => expect(loss).toBeCloseTo(pytorch.losses[index]!, 5));
      expect(lean.memory.savedBytes).toBeLessThan(pytorch.memory.savedBytes);
    });

    it('learns', async () => {
      const optimizer = adamW({ learningRate: 0.02 });
      const { losses } = await trainModel({ epochs: 40, optimizer }, 0, source(2));
      expect(losses[0]).toBeGreaterThan(0.7); // about ln 3 for three classes
      expect(losses.at(-1)).toBeLessThan(0.05);
    });

    it('leaves evaluation out of the training peak, wherever it happens', async () => {
      const plain = await trainModel({ epochs: 2 });
      const large = tinyBatch(9, 64);
      const model = new TinyTransformer({ dropout: 0.1 });
      const evaluate = () => void predict(model, large);
      const options = { optimizer: adamW({ learningRate: 0.01 }), epochs: 2, onStep: evaluate, onEpoch: evaluate };
      const evaluated = await train(model, source(3), options);
      model.release();
      expect(evaluated.trainingPeakBytes).toBe(plain.trainingPeakBytes);
      expect(evaluated.steps.map(({ peakBytes }) => peakBytes)).toEqual(plain.steps.map(({ peakBytes }) => peakBytes));
      expect(evaluated.memory).toEqual(plain.memory);
    });

    it('releases the state of the optimiser when a step fails', async () => {
      const fail = () => {
        throw new Error('inside');
      };
      await expect(trainModel({ onStep: fail })).rejects.toThrow('inside');
      expect(live()).toBe(0);
    });

    it('needs a batch', async () => {
      const run = trainModel({}, 0, source(0));
      await expect(run).rejects.toThrow(UsageError);
      await expect(run).rejects.toThrow('an epoch needs at least one batch');
    });
  });

  describe('predict', () => {
    it('drops nothing, keeps nothing, and repeats itself', () => {
      const model = new TinyTransformer({ dropout: 0.9 });
      const before = live();
      memoryMeter().resetPeak();
      const prediction = predict(model, tinyBatch(1));
      expect(memoryMeter().snapshot()).toMatchObject({ phase: 'evaluation', savedBytes: 0 });
      expect(live()).toBe(before);
      expect(prediction.shape).toEqual([2, 3]);
      expect(prediction.hidden).toHaveLength(2 * 5 * 8);
      expect(predict(model, tinyBatch(1))).toEqual(prediction);
      const plain = new TinyTransformer({ dropout: 0 });
      expect(predict(plain, tinyBatch(1))).toEqual(prediction);
      plain.release();
      model.release();
    });
  });
});
