import { engine } from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { withSavingPolicy } from '../../autograd/policy.js';
import type { EnvironmentError } from '../../errors/errors.js';
import { LeantuneError, UsageError } from '../../errors/errors.js';
import { add, cast, multiply } from '../../kernels/elementwise.js';
import { matMul } from '../../kernels/linearAlgebra.js';
import { mean, softmax, sum } from '../../kernels/reduce.js';
import { runKernel } from '../../kernels/dispatch.js';
import { reshape, transpose } from '../../kernels/shape.js';
import { castStorage, fillAs } from '../../kernels/storage.js';
import { nodeProviders } from '../../node/loadBackend.js';
import { adamW } from '../../optim/adamW.js';
import { Parameter } from '../../tensor/parameter.js';
import { memoryMeter, withParameterStorage } from '../../tensor/runtime.js';
import { scope } from '../../tensor/scope.js';
import { tensorFrom, type Tensor } from '../../tensor/tensor.js';
import type { FloatStorageDType, StorageDType } from '../../tensor/dtype.js';
import { TinyTransformer, tinyBatch } from '../../testing/tinyTransformer.js';
import { predict } from '../../train/predict.js';
import { measureStepMemory } from '../../train/measure.js';
import { forwardBackward, releaseGradients, trainStep } from '../../train/trainStep.js';
import { train, trainedParameters } from '../../train/train.js';
import { isLoaded, type LoadedBackend } from '../backend.js';
import { useBackend } from '../useBackend.js';
import { metaProvider } from './provider.js';

const meta = (await metaProvider().load()) as LoadedBackend;

describe('storage dtypes on meta', () => {
  beforeEach(() => useBackend(meta));

  it.each<[StorageDType, number]>([
    ['float64', 8],
    ['float32', 4],
    ['bfloat16', 2],
    ['float16', 2],
    ['int32', 4],
    ['int8', 1],
    ['uint8', 1],
    ['bool', 1],
  ])('%s takes %i bytes an element', (storage, bytes) => {
    scope(() => {
      const x = fillAs([3, 5], 0, storage);
      expect([x.storageDtype, x.bytes, memoryMeter().liveBytes]).toEqual([storage, 15 * bytes, 15 * bytes]);
    });
  });

  /** torch.result_type of tensors of one and more dimensions, and of a tensor with a 0-dimensional one. */
  it.each<[StorageDType, StorageDType, StorageDType]>([
    ['bfloat16', 'bfloat16', 'bfloat16'],
    ['bfloat16', 'float32', 'float32'],
    ['float16', 'bfloat16', 'float32'],
    ['float64', 'bfloat16', 'float64'],
    ['int8', 'uint8', 'int32'],
    ['int8', 'int32', 'int32'],
  ])('%s with %s gives %s', (a, b, expected) => {
    scope(() => {
      expect(add(fillAs([2, 3], 0, a), fillAs([3], 0, b)).storageDtype).toBe(expected);
      expect(add(fillAs([2, 3], 0, b), fillAs([2, 3], 0, a)).storageDtype).toBe(expected);
      expect(add(fillAs([2, 3], 0, a), fillAs([], 0, b)).storageDtype).toBe(a);
    });
  });

  it('follows the inputs through kernels, views and numbers', () => {
    scope(() => {
      const x = fillAs([4, 6], 0, 'bfloat16');
      const results: Tensor[] = [
        multiply(x, 2),
        softmax(x),
        sum(x, [1]),
        mean(x, [0]),
        transpose(x, [1, 0]),
        cast(x, 'float32'),
      ];
      results.push(reshape(x, [24]), matMul(x, x, { transposeB: true }));
      results.push(runKernel('GatherV2', { x, indices: tensorFrom([1], [1], 'int32') }, { axis: 0, batchDims: 0 }));
      expect(results.map(({ storageDtype }) => storageDtype)).toEqual(results.map(() => 'bfloat16'));
      expect(runKernel('Greater', { a: x, b: 0 }).storageDtype).toBe('bool');
      expect(runKernel('Mean', { x }, { axis: [1], keepDims: true, storage: 'float32' }).storageDtype).toBe('float32');
      expect(castStorage(x, 'bfloat16')).toBe(x);
      expect(castStorage(x, 'float32').bytes).toBe(96);
    });
  });

  it('a parameter takes values of its own storage only', () => {
    scope(() => {
      const parameter = Parameter.filled([3], 0, { storage: 'bfloat16' });
      parameter.assign(fillAs([3], 1, 'bfloat16'));
      expect(() => parameter.assign(fillAs([3], 1, 'float32'))).toThrow(/expected dtype bfloat16, found float32/);
      parameter.release();
    });
    expect(memoryMeter().liveBytes).toBe(0);
  });

  /** Bytes of [2, 5] rows and [2, 3] logits; see testing/tinyTransformer. */
  const [statistic, logits, hiddenMask, attentionMask] = [2 * 5 * 4, 2 * 3 * 4, 2 * 5 * 8, 2 * 2 * 5 * 5];

  it.each([
    // rstd of three norms
    { saving: 'lean', unchanged: 3 * statistic },
    // mean and rstd of three norms, masks of three dropouts and of the probabilities, log-probabilities
    { saving: 'pytorch', unchanged: 6 * statistic + 3 * hiddenMask + attentionMask + logits },
  ] as const)(
    'halves what training in bfloat16 holds, but for statistics, masks and the loss ($saving)',
    ({ saving, unchanged }) => {
      const measure = (storage: FloatStorageDType) =>
        withParameterStorage(storage, () =>
          withSavingPolicy(saving, () => {
            const model = new TinyTransformer({ dropout: 0.1 });
            const trained = trainedParameters(model);
            const state = adamW({ learningRate: 0.1 }).create(trained);
            const memory = measureStepMemory(model, state, trained, tinyBatch(1), { seed: 1, microStep: 0 });
            state.release();
            model.release();
            return memory;
          }),
        );
      const [full, half] = [measure('float32'), measure('bfloat16')];
      for (const category of ['parameters', 'gradients', 'optimizerState'] as const) {
        expect(half.categories[category] * 2, category).toBe(full.categories[category]);
      }
      expect(half.staticBytes * 2).toBe(full.staticBytes);
      expect(2 * (half.savedBytes - unchanged)).toBe(full.savedBytes - unchanged);
    },
  );

  it.each(nodeProviders().map((provider) => ({ provider, name: provider.name })))(
    '$name refuses them',
    async ({ provider }) => {
      const backend = await provider.load();
      if (!isLoaded(backend) || backend.extendedStorage !== undefined) return;
      await useBackend(backend);
      const refusal = expect.objectContaining({
        name: 'EnvironmentError',
        code: 'LEANTUNE_STORAGE_DTYPE',
        message: `backend ${provider.name} cannot hold values as bfloat16`,
        remedy: expect.stringContaining('float32') as string,
      }) as EnvironmentError;
      expect(() => withParameterStorage('bfloat16', () => undefined)).toThrow(refusal);
      expect(() => Parameter.filled([2], 0, { storage: 'bfloat16' })).toThrow(refusal);
      expect(() => scope(() => castStorage(tensorFrom([1], [1]), 'bfloat16'))).toThrow(refusal);
      expect(withParameterStorage('float32', () => 1)).toBe(1);
    },
  );
});

describe('what meta does not do', () => {
  beforeEach(() => useBackend(meta));

  it('gives no value, and says what to do', async () => {
    scope(() => {
      const x = tensorFrom([1], [1]);
      const refusal = {
        name: 'UsageError',
        code: 'LEANTUNE_NO_VALUES',
        message: expect.stringContaining('shapes only') as string,
      };
      const read = (body: () => unknown) => {
        try {
          return body();
        } catch (error) {
          return error;
        }
      };
      for (const body of [() => x.read(), () => x.item()]) expect(read(body)).toMatchObject(refusal);
      expect((read(() => x.read()) as UsageError).remedy).toContain('npx leantune memory');
    });
    const model = new TinyTransformer({ dropout: 0 });
    const batches = { length: 1, epoch: () => [tinyBatch(1)] };
    await expect(train(model, batches, { optimizer: adamW({ learningRate: 1 }), epochs: 1 })).rejects.toThrow(
      'backend meta has shapes only: nothing can be trained on it',
    );
    expect(() => predict(model, tinyBatch(1))).toThrow(UsageError);
    model.release();
    expect(memoryMeter().liveBytes).toBe(0);
  });

  it('gives no loss and no norm for a step that runs', () => {
    const model = new TinyTransformer({ dropout: 0 });
    const trained = trainedParameters(model);
    const state = adamW({ learningRate: 1 }).create(trained);
    const step = { seed: 0, microStep: 0, learningRate: 1, maxGradNorm: 1 };
    expect(trainStep(model, state, trained, [tinyBatch(1)], step)).toEqual({});
    expect(forwardBackward(model, tinyBatch(1), step)).toBeUndefined();
    expect(trained.every(([, { gradient, shape }]) => gradient?.shape.join() === shape.join())).toBe(true);
    releaseGradients(trained);
    state.release();
    model.release();
  });

  it('names a kernel that it lacks', () => {
    const missing = () => scope(() => runKernel('Conv2D', { x: tensorFrom([1], [1]) }));
    expect(missing).toThrow(LeantuneError);
    expect(missing).toThrow(
      expect.objectContaining({ message: 'backend meta has no kernel Conv2D', code: 'LEANTUNE_KERNEL_MISSING' }),
    );
  });

  it.each<[string, () => unknown, RegExp]>([
    ['shapes', () => add(fillAs([2, 3], 0, 'float32'), fillAs([2], 0, 'float32')), /^Add: .*2,3.*2/],
    [
      'matrices',
      () => matMul(fillAs([2, 3], 0, 'float32'), fillAs([2, 3], 0, 'float32')),
      /^BatchMatMul: the inner sizes/,
    ],
    ['element types', () => add(fillAs([2], 0, 'float32'), fillAs([2], 0, 'int32')), /^Add: .*float32, int32/],
    ['sizes', () => reshape(fillAs([2, 3], 0, 'float32'), [5]), /^Reshape: .*6.*5/],
    ['axes', () => transpose(fillAs([2, 3], 0, 'float32'), [0, 0]), /^Transpose: \[0,0\] does not order/],
  ])('refuses %s that do not fit, naming the kernel', (_what, body, message) => {
    expect(() => scope(body)).toThrow(message);
    expect(() => scope(body)).toThrow(LeantuneError);
    expect(memoryMeter().liveBytes).toBe(0);
  });

  it('allocates nothing: parameters of 2 TiB are made at once', () => {
    const before = process.memoryUsage().arrayBuffers;
    const parameter = Parameter.filled([2 ** 20, 2 ** 19], 0);
    expect(parameter.bytes).toBe(2 ** 41);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
    parameter.release();
    expect(engine().backendName).toBe('meta');
  });
});
