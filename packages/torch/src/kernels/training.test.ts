import { isLoaded, useBackend, type LoadedBackend } from '@leantune/core';
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
