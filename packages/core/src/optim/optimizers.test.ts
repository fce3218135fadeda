import { copyRegisteredKernels, registerBackend } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isLoaded, type LoadedBackend } from '../backend/backend.js';
import { OutOfMemoryError } from '../errors/errors.js';
import { nodeProviders } from '../node/loadBackend.js';
import { RandomStream } from '../random/stream.js';
import { Parameter } from '../tensor/parameter.js';
import { useBackend } from '../backend/useBackend.js';
import { memoryMeter } from '../tensor/runtime.js';
import { keep, scope } from '../tensor/scope.js';
import { tensorFrom } from '../tensor/tensor.js';
import { describeOnBackends } from '../testing/backends.js';
import { adamW, type AdamWOptions } from './adamW.js';
import { gradientNorm } from './clip.js';
import type { NamedParameter, OptimizerDefinition } from './optimizer.js';
import { sgd, type SgdOptions } from './sgd.js';

const names = ['layer.weight', 'layer.bias', 'norm.weight', 'frozen'] as const;
const shapes: Readonly<Record<string, readonly number[]>> = {
  'layer.weight': [3, 4],
  'layer.bias': [3],
  'norm.weight': [5],
  frozen: [2],
};
const steps = 6;

/** Deterministic values; gradient `step` of a parameter. `frozen` never has one, `norm.weight` misses step 2. */
function values(name: string, purpose: string, size: number): number[] {
  const stream = new RandomStream(3, purpose, name);
  return Array.from({ length: size }, () => Math.fround(stream.normal()));
}
const hasGradient = (name: string, step: number) => name !== 'frozen' && !(name === 'norm.weight' && step === 2);
const rateOf = (step: number) => 0.05 / (1 + step); // as a schedule would
const scaleOf = (step: number) => (step % 2 === 0 ? 1 : 0.37); // as clipping would
const sizeOf = (name: string) => shapes[name]!.reduce((product, size) => product * size, 1);

type Rule = (
  state: { p: number; t: number; g: number; m: number; v: number },
  rate: number,
  decay: number,
) => { p: number; m: number; v: number };

/** Runs the rule in float64, element by element. */
function reference(rule: Rule, decayOf: (name: string) => number): Record<string, number[]> {
  return Object.fromEntries(
    names.map((name) => {
      const state = values(name, 'start', sizeOf(name)).map((p) => ({ p, m: 0, v: 0 }));
      let t = 0; // counted for each parameter: steps without a gradient do not count
      for (let step = 0; step < steps; step++) {
        if (!hasGradient(name, step)) continue;
        t += 1;
        const gradient = values(name, `gradient ${step}`, sizeOf(name));
        state.forEach((element, index) => {
          const g = gradient[index]! * scaleOf(step);
          Object.assign(element, rule({ ...element, t, g }, rateOf(step), decayOf(name)));
        });
      }
      return [name, state.map(({ p }) => p)];
    }),
  );
}

function optimise(definition: OptimizerDefinition): { final: Record<string, number[]>; stateBytes: number } {
  const parameters: NamedParameter[] = names.map((name) => [
    name,
    Parameter.from(values(name, 'start', sizeOf(name)), shapes[name]!),
  ]);
  const optimizer = definition.create(parameters);
  expect(optimizer.stateBytes).toBe(0);
  for (let step = 0; step < steps; step++) {
    for (const [name, parameter] of parameters) {
      if (!hasGradient(name, step)) continue;
      const gradient = values(name, `gradient ${step}`, sizeOf(name));
      parameter.gradient = scope(() => keep(tensorFrom(gradient, shapes[name]!)));
    }
    optimizer.step(rateOf(step), scaleOf(step));
    for (const [name, parameter] of parameters) {
      if (parameter.gradient === undefined) continue;
      // Read, not changed, not released.
      expect([...parameter.gradient.read()]).toEqual(values(name, `gradient ${step}`, sizeOf(name)));
      parameter.gradient.release();
      parameter.gradient = undefined;
    }
    expect(memoryMeter().liveByCategory).toMatchObject({ optimizerState: optimizer.stateBytes, workspace: 0 });
  }
  const final = Object.fromEntries(parameters.map(([name, parameter]) => [name, [...parameter.read()]]));
  const { stateBytes } = optimizer;
  optimizer.release();
  for (const [, parameter] of parameters) parameter.release();
  expect(memoryMeter().liveBytes).toBe(0);
  return { final, stateBytes };
}

function expectClose(actual: Record<string, number[]>, expected: Record<string, number[]>): void {
  for (const name of names) {
    const error = Math.max(...expected[name]!.map((value, index) => Math.abs(value - actual[name]![index]!)));
    expect(error, name).toBeLessThan(3e-6); // float32 over six steps of values of about 1
  }
}

/** torch.optim.AdamW and, with l2, torch.optim.Adam, as their documentation states the algorithm. */
const adamRule =
  ({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, decay = 'decoupled' }: AdamWOptions): Rule =>
  ({ p, t, g, m, v }, rate, weightDecay) => {
    const decayed = decay === 'decoupled' ? p * (1 - rate * weightDecay) : p;
    const total = decay === 'l2' ? g + weightDecay * p : g;
    const first = beta1 * m + (1 - beta1) * total;
    const second = beta2 * v + (1 - beta2) * total ** 2;
    const corrected = Math.sqrt(second / (1 - beta2 ** t)) + epsilon;
    return { p: decayed - (rate * (first / (1 - beta1 ** t))) / corrected, m: first, v: second };
  };

/** torch.optim.SGD without dampening: the first momentum buffer is the gradient. */
const sgdRule =
  ({ momentum = 0 }: SgdOptions): Rule =>
  ({ p, t, g, m }, rate, weightDecay) => {
    const total = g + weightDecay * p;
    const velocity = t === 1 ? total : momentum * m + total;
    return { p: p - rate * velocity, m: velocity, v: 0 };
  };

const excludeFromDecay = (name: string) => name !== 'layer.weight';
const trainedElements = 12 + 3 + 5;

/** The optimisers on whatever backend is active. */
function optimizerTests(): void {
  it.each<AdamWOptions>([
    { learningRate: 1 },
    { learningRate: 1, beta1: 0.8, beta2: 0.95, epsilon: 1e-3 },
    { learningRate: 1, weightDecay: 0.3 },
    { learningRate: 1, weightDecay: 0.3, excludeFromDecay },
    { learningRate: 1, weightDecay: 0.3, decay: 'l2' },
    { learningRate: 1, weightDecay: 0.3, decay: 'l2', excludeFromDecay },
  ])('adamW %o', (options) => {
    const { final, stateBytes } = optimise(adamW(options));
    const decayOf = (name: string) => (options.excludeFromDecay?.(name) ? 0 : (options.weightDecay ?? 0));
    expectClose(final, reference(adamRule(options), decayOf));
    expect(final.frozen).toEqual(values('frozen', 'start', 2));
    expect(stateBytes).toBe(2 * 4 * trainedElements);
  });

  it.each<SgdOptions>([
    { learningRate: 1 },
    { learningRate: 1, momentum: 0.9 },
    { learningRate: 1, weightDecay: 0.3 },
    { learningRate: 1, momentum: 0.9, weightDecay: 0.3, excludeFromDecay },
  ])('sgd %o', (options) => {
    const { final, stateBytes } = optimise(sgd(options));
    const decayOf = (name: string) => (options.excludeFromDecay?.(name) ? 0 : (options.weightDecay ?? 0));
    expectClose(final, reference(sgdRule(options), decayOf));
    expect(stateBytes).toBe(options.momentum === undefined ? 0 : 4 * trainedElements);
  });

  it('gradientNorm is that of all gradients as one vector', () => {
    const parameters = [3, 4].map((value, index): NamedParameter => {
      const parameter = Parameter.from([1, 2], [2]);
      parameter.gradient = tensorFrom([value, index === 0 ? 12 : 0], [2]);
      return [`p${index}`, parameter];
    });
    const without: NamedParameter = ['none', Parameter.from([1], [1])];
    expect(gradientNorm([...parameters, without])).toBeCloseTo(13, 5); // √(3² + 12² + 4²)
    expect(gradientNorm([parameters[0]!])).toBeGreaterThan(0); // of one parameter alone
    expect(gradientNorm([without])).toBe(0);
    for (const [, parameter] of [...parameters, without]) parameter.release();
  });

  it('a first step that does not fit leaves no state behind', () => {
    const meter = memoryMeter();
    const parameter = Parameter.from(new Float32Array(100), [100]); // 400 bytes
    parameter.gradient = tensorFrom(new Float32Array(100), [100]);
    const optimizer = adamW({ learningRate: 0.1 }).create([['p', parameter]]);
    meter.limitBytes = 400 + 400 + 500; // one moment fits, two do not
    try {
      expect(() => optimizer.step(0.1, 1)).toThrow(OutOfMemoryError);
    } finally {
      meter.limitBytes = undefined;
    }
    expect(optimizer.stateBytes).toBe(0);
    expect(meter.liveBytes).toBe(800);
    optimizer.release();
    parameter.release();
  });
}

await describeOnBackends('optimisers', optimizerTests);

/** The WebAssembly kernels under a name that has no update kernel of its own. */
describe('optimisers composed of elementwise kernels', async () => {
  const provider = nodeProviders().find(({ name }) => name === 'wasm')!;
  const wasm = await provider.load();
  if (!isLoaded(wasm)) return it.skip(`skipped: ${wasm.reason}`, () => undefined);
  const name = 'wasm-elementwise';
  registerBackend(name, () => wasm.kernels);
  copyRegisteredKernels('wasm', name);
  const backend: LoadedBackend = { ...wasm, name };
  beforeEach(() => useBackend(backend));
  afterEach(() => expect(memoryMeter().liveBytes).toBe(0));
  optimizerTests();
});
