import { engine } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { OutOfMemoryError } from '../../errors/errors.js';
import { add, cast, notEqual } from '../../kernels/elementwise.js';
import { matMul } from '../../kernels/linearAlgebra.js';
import { sumOfSquares } from '../../kernels/reduce.js';
import { fill } from '../../kernels/shape.js';
import { dawnProvider } from '../../node/webgpu/provider.js';
import { memoryMeter } from '../../tensor/runtime.js';
import { scope } from '../../tensor/scope.js';
import { tensorFrom } from '../../tensor/tensor.js';
import { useSoftwareWebGpu } from '../../testing/softwareWebGpu.js';
import { isLoaded, type LoadedBackend } from '../backend.js';
import { useBackend } from '../useBackend.js';
import type { ReadableWebGpuBackend } from './webgpuBackend.js';

useSoftwareWebGpu();
const found = await dawnProvider().load();

describe.skipIf(!isLoaded(found))(`webgpu${isLoaded(found) ? '' : ` [skipped: ${found.reason}]`}`, () => {
  const backend = () => (found as LoadedBackend).kernels as ReadableWebGpuBackend;

  beforeAll(() => useBackend(found as LoadedBackend));
  afterEach(() => expect(memoryMeter().liveBytes).toBe(0));

  it('says what it computes on', () => {
    expect((found as LoadedBackend).device.description).toMatch(/^WebGPU, ./);
    expect((found as LoadedBackend).details).toMatchObject({ package: '@tensorflow/tfjs-backend-webgpu@4.22.0' });
  });

  it('gives values at once, of every dtype, as often as they are wanted', () => {
    scope(() => {
      const a = tensorFrom([1, 2, 3, 4], [2, 2]);
      const product = matMul(a, a); // by hand
      expect([...product.read()]).toEqual([7, 10, 15, 22]);
      expect([...product.read()]).toEqual([7, 10, 15, 22]);
      expect(product.read()).toBeInstanceOf(Float32Array);
      expect([...cast(product, 'int32').read()]).toEqual([7, 10, 15, 22]);
      const [threes, others] = [fill([2000], 3), fill([2000], 4)];
      const isOther = notEqual(threes, others).read();
      expect(isOther).toBeInstanceOf(Uint8Array);
      expect([...isOther]).toEqual(new Array(2000).fill(1));
      expect(sumOfSquares(threes).item()).toBe(18_000);
    });
  });

  it('gives tfjs’s asynchronous readers values too', async () => {
    const tensor = fill([2000], 2);
    const sum = engine().makeTensorFromTensorInfo(tensor.handleFor('test', 'x'));
    expect([...(await backend().read(sum.dataId))]).toEqual(new Array(2000).fill(2));
    tensor.release();
  });

  it('refuses a buffer that the device cannot bind, with both sizes', () => {
    const limitBytes = backend().device.limits.maxStorageBufferBindingSize;
    const refused = () => scope(() => fill([limitBytes / 4 + 1024], 1));
    expect(refused).toThrow(OutOfMemoryError);
    expect(refused).toThrow(`at most ${limitBytes} bytes in one buffer, ${limitBytes + 4096} are wanted`);
  });

  it('throws at the next reading what the device reports', () => {
    scope(() => {
      backend().device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
      const tensor = fill([2000], 1);
      expect(() => tensor.read()).toThrow(
        expect.objectContaining({ code: 'LEANTUNE_WEBGPU', message: expect.stringContaining('usage') as string }),
      );
      expect(tensor.read()[0]).toBe(1);
    });
  });

  it('keeps no more free buffers than were in use at most, 64 MiB at least', () => {
    const manager = backend().bufferManager;
    const mebibytes = (size: number) => scope(() => add(fill([size * 2 ** 18], 1), 1).read());
    mebibytes(1);
    const before = { used: manager.numBytesUsed, data: backend().numDataIds() };
    for (let size = 1; size <= 12; size++) mebibytes(size); // three buffers each, of sizes that do not come again: 234 MiB
    expect({ used: manager.numBytesUsed, data: backend().numDataIds() }).toEqual(before);
    expect(manager.numBytesAllocated - manager.numBytesUsed).toBeLessThan(100 * 2 ** 20);
  });
});
