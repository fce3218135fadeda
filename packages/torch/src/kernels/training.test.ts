import {
  Parameter,
  adamW,
  isLoaded,
  memoryMeter,
  useBackend,
  withParameterStorage,
  type LoadedBackend,
} from '@leantune/core';
import { uniformKernelName } from '@leantune/core/backend';
import { engine, type Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { torchProvider } from '../provider.js';

const found = await torchProvider().load();
const note = isLoaded(found) ? '' : ` [skipped: ${found.reason}]`;

describe.skipIf(!isLoaded(found))(`stateless uniform numbers on torch${note}`, () => {
  beforeAll(() => useBackend(found as LoadedBackend));

  const bits = (size: number, seed: number[], composed: boolean): Uint32Array => {
    const values: Tensor = engine().runKernel(uniformKernelName, {}, { shape: [size], seed, composed });
    const words = new Uint32Array(Float32Array.from(values.dataSync<'float32'>()).buffer);
    values.dispose();
    return words;
  };

  // Core's suite proves the version of the CPU against the host's; this one is that of GPUs.
  it.each([
    [0, 0],
    [1, 2],
    [-1, -2],
    [-2147483648, 2147483647],
  ])('have the same bits composed of tensor operations, for seed (%i, %i)', (...seed) => {
    for (const size of [1, 3, 4, 5, 63, 64, 65, 4099, 100_001]) {
      const [own, composed] = [bits(size, seed, false), bits(size, seed, true)];
      expect(own.filter((word, index) => word !== composed[index]).length, `size ${size}`).toBe(0);
      expect(composed.length).toBe(size);
    }
  });
});

describe.skipIf(!isLoaded(found))(`AdamW on torch${note}`, () => {
  it('updates parameters held as bfloat16 in place, as float32 rounded', async () => {
    await useBackend(found as LoadedBackend);
    const values = [1, -2, 0.5, 3];
    const gradients = [0.5, 1, -0.25, 2];
    // First step: m̂ = g and v̂ = g², so that p ← p (1 - lr·wd) - lr · g / (|g| + ε).
    const expected = values.map(
      (p, i) => p * (1 - 0.1 * 0.01) - 0.1 * (gradients[i]! / (Math.abs(gradients[i]!) + 1e-8)),
    );
    const optimizer = adamW({ learningRate: 0.1, weightDecay: 0.01 });
    for (const storage of ['float32', 'bfloat16'] as const) {
      const parameter = withParameterStorage(storage, () => Parameter.from(values, [4]));
      const state = optimizer.create([['p', parameter]]);
      // The gradient is owned and released by the parameter.
      parameter.gradient = withParameterStorage(storage, () => Parameter.from(gradients, [4]));
      state.step(0.1);
      const tolerance = storage === 'float32' ? 1e-6 : 2 ** -8;
      parameter.read().forEach((value, i) => expect(Math.abs(value / expected[i]! - 1)).toBeLessThan(tolerance));
      expect(parameter.storageDtype).toBe(storage);
      state.release();
      parameter.release();
    }
    expect(memoryMeter().liveBytes).toBe(0);
  });
});
