import { describe, expect, it } from 'vitest';
import { backward } from '../autograd/backward.js';
import { checkpoint } from '../autograd/checkpoint.js';
import { graphScope } from '../autograd/node.js';
import { ConfigurationError } from '../errors/errors.js';
import { linear } from '../ops/linear.js';
import { adamW } from '../optim/adamW.js';
import type { OptimizerDefinition } from '../optim/optimizer.js';
import { sgd } from '../optim/sgd.js';
import { Parameter } from '../tensor/parameter.js';
import { memoryMeter } from '../tensor/runtime.js';
import { scope } from '../tensor/scope.js';
import { tensorFrom } from '../tensor/tensor.js';
import { describeOnBackends } from '../testing/backends.js';
import { TinyTransformer, tinyBatch } from '../testing/tinyTransformer.js';
import { measureStepMemory } from './measure.js';
import { trainedParameters } from './train.js';
import { trainStep } from './trainStep.js';

const step = { seed: 3, learningRate: 0.1 };

const optimizers: Readonly<Record<string, (fused: boolean) => OptimizerDefinition>> = {
  adamw: (fused) => adamW({ learningRate: 0.1, weightDecay: 0.1, fused }),
  sgd: (fused) => sgd({ learningRate: 0.1, momentum: 0.9, fused }),
};

await describeOnBackends('a fused optimiser', ({ fusesKernels }) => {
  it.each(Object.keys(optimizers))('%s: changes parameters as an ordinary one, with fewer live gradients', (name) => {
    const run = (fused: boolean) => {
      const model = new TinyTransformer({ dropout: 0.1 });
      const trained = trainedParameters(model);
      const optimizer = optimizers[name]!(fused).create(trained);
      for (const microStep of [0, 2]) {
        trainStep(model, optimizer, trained, [tinyBatch(1 + microStep), tinyBatch(2 + microStep)], {
          ...step,
          microStep,
        });
      }
      const values = trained.map(([, parameter]) => [...parameter.read()]);
      const memory = measureStepMemory(model, optimizer, trained, tinyBatch(1), { seed: 1, microStep: 4 });
      let mostGradients = 0;
      const meter = memoryMeter();
      const allocate = meter.allocate.bind(meter);
      meter.allocate = (storage) => {
        allocate(storage);
        mostGradients = Math.max(mostGradients, meter.liveByCategory.gradients);
      };
      trainStep(model, optimizer, trained, [tinyBatch(1)], { ...step, microStep: 5 });
      const { stateBytes } = optimizer;
      optimizer.release();
      const parameterBytes = trained.reduce((sum, [, { bytes }]) => sum + bytes, 0);
      model.release();
      return { values, memory, mostGradients, parameterBytes, stateBytes };
    };
    const [plain, fused] = [run(false), run(true)];
    expect(fused.values).toEqual(plain.values);
    expect(plain.mostGradients).toBeGreaterThan(0.9 * plain.parameterBytes);
    expect(fused.mostGradients).toBeLessThan(plain.parameterBytes / 2);
    // Where kernels are fused the peak of so small a model lies in the forward pass.
    expect(fused.memory.peakBytes - plain.memory.peakBytes).toBeLessThan(fusesKernels === true ? 1 : 0);
    expect(plain.memory.staticBytes).toBe(2 * plain.parameterBytes + plain.stateBytes);
    expect(fused.memory.staticBytes).toBe(plain.parameterBytes + plain.stateBytes + fused.memory.categories.gradients);
  });

  it('waits for every reader of a parameter, in regions that recompute too', () => {
    const weight = Parameter.from([0.5, -1, 2, 0.25], [2, 2]);
    const inner = Parameter.from([1, 2, -1, 0.5], [2, 2]);
    const gradientsAtCall = (checkpoints: boolean) => {
      const seen: { readonly name: string; readonly gradient: number[] }[] = [];
      graphScope(() =>
        scope(() => {
          const body = (x: ReturnType<typeof linear>) => linear(linear(x, inner), inner);
          const first = linear(tensorFrom([1, 2], [1, 2]), weight);
          const middle = checkpoints ? checkpoint(body, first, [inner]) : body(first);
          backward(linear(middle, weight), tensorFrom([1, -1], [1, 2]), {
            onGradient: (leaf) => {
              seen.push({ name: leaf === weight ? 'weight' : 'inner', gradient: [...leaf.gradient!.read()] });
              leaf.gradient!.release();
              leaf.gradient = undefined;
            },
          });
        }),
      );
      return seen;
    };
    const plain = gradientsAtCall(false);
    expect(plain.map(({ name }) => name)).toEqual(['inner', 'weight']);
    // By hand: x = (1, 2), z = W x = (-1.5, 2.5), m = V V z, dL/dW = g mᵀ + (V V)ᵀ Wᵀ g xᵀ with g = (1, -1).
    const [w, v, x, g] = [
      [
        [0.5, -1],
        [2, 0.25],
      ],
      [
        [1, 2],
        [-1, 0.5],
      ],
      [1, 2],
      [1, -1],
    ] as const;
    const times = (m: readonly (readonly number[])[], y: readonly number[]) =>
      m.map((row) => row.reduce((sum, value, index) => sum + value * y[index]!, 0));
    const transposed = (m: readonly (readonly number[])[]) => [0, 1].map((i) => m.map((row) => row[i]!));
    const m = times(v, times(v, times(w, x)));
    const back = times(transposed(v), times(transposed(v), times(transposed(w), g)));
    const expected = [0, 1].flatMap((i) => [0, 1].map((j) => g[i]! * m[j]! + back[i]! * x[j]!));
    plain[1]!.gradient.forEach((value, index) => expect(value).toBeCloseTo(expected[index]!, 5));
    expect(gradientsAtCall(true)).toEqual(plain);
    weight.release();
    inner.release();
  });

  it('is refused with clipping', () => {
    const model = new TinyTransformer({ dropout: 0 });
    const trained = trainedParameters(model);
    const optimizer = adamW({ learningRate: 0.1, fused: true }).create(trained);
    const clipped = () =>
      trainStep(model, optimizer, trained, [tinyBatch(1)], { ...step, microStep: 0, maxGradNorm: 1 });
    expect(clipped).toThrow(ConfigurationError);
    expect(clipped).toThrow('cannot be combined with clipping');
    model.release();
  });
});

describe('options', () => {
  it('an optimiser is not fused unless asked for', () => {
    for (const definition of [adamW({ learningRate: 1 }), sgd({ learningRate: 1 })]) {
      expect(definition.create([]).fused).toBe(false);
    }
  });
});
