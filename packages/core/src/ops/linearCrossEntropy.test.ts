import { describe, expect, it } from 'vitest';
import { backward } from '../autograd/backward.js';
import { gradCheck } from '../autograd/gradCheck.js';
import { graphScope } from '../autograd/node.js';
import { isLoaded } from '../backend/backend.js';
import { metaProvider } from '../backend/meta/provider.js';
import { useBackend } from '../backend/useBackend.js';
import { RandomStream } from '../random/stream.js';
import { Parameter } from '../tensor/parameter.js';
import { memoryMeter } from '../tensor/runtime.js';
import { scope } from '../tensor/scope.js';
import { tensorFrom, type Tensor } from '../tensor/tensor.js';
import { describeOnBackends } from '../testing/backends.js';
import { linear, type WeightLayout } from './linear.js';
import { linearCrossEntropy } from './linearCrossEntropy.js';
import { crossEntropy } from './loss.js';

/** 9 rows of 3 features, 7 classes: chunks of 3 rows. */
const [rows, features, classes] = [9, 3, 7];

const random = (name: string, shape: readonly number[]) => {
  const stream = new RandomStream(5, name);
  const size = shape.reduce((product, each) => product * each, 1);
  return Parameter.from(
    Float32Array.from({ length: size }, () => 2 * stream.uniform() - 1),
    shape,
  );
};

const labels = () => tensorFrom([0, 6, -100, 3, 3, -100, 1, 5, 2], [rows], 'int32');

const makeInputs = (layout: WeightLayout, bias: readonly number[] | undefined) => ({
  x: random('x', [rows, features]),
  weight: random('w', layout === 'out-in' ? [classes, features] : [features, classes]),
  ...(bias !== undefined && { bias: random('b', bias) }),
});

type Inputs = { readonly x: Parameter; readonly weight: Parameter; readonly bias?: Parameter };

const releaseAll = (inputs: Inputs) => Object.values(inputs).forEach((each: Parameter) => each.release());

await describeOnBackends('linearCrossEntropy', () => {
  for (const layout of ['out-in', 'in-out'] as const) {
    for (const bias of [undefined, [classes]]) {
      it(`is the cross-entropy of the logits, with its gradients (${layout}, bias ${bias?.join('x')})`, () => {
        const run = (loss: (inputs: Inputs) => Tensor) => {
          const inputs: Inputs = makeInputs(layout, bias);
          const results = graphScope(() =>
            scope(() => {
              const value = loss(inputs);
              backward(value, tensorFrom([0.5], []));
              return [value.item(), ...Object.values(inputs).flatMap((each: Parameter) => [...each.gradient!.read()])];
            }),
          );
          releaseAll(inputs);
          return results;
        };
        const whole = run(({ x, weight, bias: b }) => crossEntropy(linear(x, weight, b, layout), labels()));
        const chunked = run(({ x, weight, bias: b }) => linearCrossEntropy(x, { weight, bias: b, layout }, labels()));
        expect(chunked).toHaveLength(whole.length);
        whole.forEach((value, index) => expect(chunked[index]).toBeCloseTo(value, 6));
      });
    }
  }

  it('has the gradients of finite differences', () => {
    const inputs = makeInputs('out-in', [classes]);
    const { x, weight, bias } = inputs as Required<Inputs>;
    const errors = gradCheck(() => linearCrossEntropy(x, { weight, bias }, labels()), { x, weight, bias });
    for (const { parameter, maxRelativeError } of errors) expect(maxRelativeError, parameter).toBeLessThan(1e-2);
    releaseAll(inputs);
  });

  it('gives 0 and no gradient where no row counts', () => {
    const inputs: Inputs = makeInputs('out-in', undefined);
    graphScope(() =>
      scope(() => {
        const none = tensorFrom(new Int32Array(rows).fill(-100), [rows], 'int32');
        const loss = linearCrossEntropy(inputs.x, { weight: inputs.weight }, none);
        expect(loss.item()).toBe(0);
        backward(loss);
        for (const each of [inputs.x, inputs.weight])
          expect(each.gradient!.read().every((value) => value === 0)).toBe(true);
      }),
    );
    releaseAll(inputs);
  });

  it('computes nothing of a frozen head but the gradient of its input', () => {
    const inputs: Inputs = makeInputs('out-in', [classes]);
    inputs.weight.requiresGrad = false;
    inputs.bias!.requiresGrad = false;
    graphScope(() =>
      scope(() => backward(linearCrossEntropy(inputs.x, { weight: inputs.weight, bias: inputs.bias }, labels()))),
    );
    expect(inputs.x.gradient).toBeDefined();
    expect(inputs.weight.gradient ?? inputs.bias!.gradient).toBeUndefined();
    releaseAll(inputs);
  });
});

describe('linearCrossEntropy on meta', () => {
  it('never holds logits', async () => {
    const loaded = await metaProvider().load();
    if (!isLoaded(loaded)) throw new Error(loaded.reason);
    await useBackend(loaded);
    const [n, width, vocabulary] = [2048, 1024, 32_000];
    const x = Parameter.filled([n, width], 0);
    const weight = Parameter.filled([vocabulary, width], 0);
    weight.requiresGrad = false;
    memoryMeter().resetPeak();
    const before = memoryMeter().liveBytes;
    graphScope(() =>
      scope(() => backward(linearCrossEntropy(x, { weight }, tensorFrom(new Int32Array(n), [n], 'int32')))),
    );
    const { peakBytes, savedBytes } = memoryMeter().snapshot();
    // Logits would take 31 times x.
    expect(peakBytes - before).toBeLessThan(7 * x.bytes);
    expect(savedBytes).toBe(0);
    x.release();
    weight.release();
    expect(memoryMeter().liveBytes).toBe(0);
  });
});
