import {
  add,
  OutOfMemoryError,
  UsageError,
  isLoaded,
  memoryMeter,
  reshape,
  scope,
  tensorFrom,
  useBackend,
  type LoadedBackend,
} from '@leantune/core';
import { nodeProviders } from '@leantune/core/node';
import { engine, slice, tensor, unregisterKernel, type Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { registerTorchKernels } from '../kernels/index.js';
import { torchProvider } from '../provider.js';
import { storageDtypes } from './call.js';
import type { TorchBackend } from './torchBackend.js';

const found = await torchProvider().load();
const note = isLoaded(found) ? '' : ` [skipped: ${found.reason}]`;

describe.skipIf(!isLoaded(found))(`the torch backend${note}`, () => {
  const backend = (found as LoadedBackend).kernels as TorchBackend;
  const run = (name: string, inputs: Readonly<Record<string, Tensor>>, attributes: object = {}): Tensor =>
    engine().runKernel(name, inputs, attributes as never);

  beforeAll(() => useBackend(found as LoadedBackend));

  it('frees at the last release, not before and not later', () => {
    const before = { ids: backend.numDataIds(), bytes: backend.meter.read().allocatedBytes };
    const matrix = tensor(new Float32Array(1000), [10, 100]);
    const view = run('Reshape', { x: matrix }, { shape: [1000] });
    expect(backend.meter.read().allocatedBytes - before.bytes).toBe(4000); // one buffer for both
    matrix.dispose();
    expect([...view.dataSync().slice(0, 2)]).toEqual([0, 0]);
    view.dispose();
    expect(backend.numDataIds()).toBe(before.ids);
    expect(backend.meter.read().allocatedBytes).toBe(before.bytes);
  });

  it('counts every byte that libtorch allocates, peaks inside kernels included', () => {
    const before = backend.meter.read().allocatedBytes;
    const x = tensor(new Float32Array(256), [256]);
    backend.meter.resetPeak();
    expect(backend.meter.read().allocatedPeakBytes).toBe(before + 1024);
    // The difference is a temporary beside its square: two buffers on top of the input.
    const y = run('SquaredDifference', { a: x, b: x });
    const { allocatedBytes, allocatedPeakBytes } = backend.meter.read();
    expect([allocatedBytes - before, allocatedPeakBytes - before]).toEqual([2048, 3072]);
    x.dispose();
    y.dispose();
  });

  it('gives every result a buffer of its own', () => {
    const x = tensor([1, 2, 3, 4, 5, 6], [3, 2]);
    const before = backend.meter.read().allocatedBytes;
    const rows = slice(x, [0, 0], [2, 2]); // adjacent rows: libtorch would give a view
    const same = run('Max', { x }, { reductionIndices: [], keepDims: false });
    expect(backend.meter.read().allocatedBytes - before).toBe(16 + 24);
    x.dispose();
    expect([...rows.dataSync(), ...same.dataSync()]).toEqual([1, 2, 3, 4, 1, 2, 3, 4, 5, 6]);
    for (const each of [rows, same]) each.dispose();
  });

  it('refuses what cannot be allocated with a typed error, and goes on', () => {
    const shape = [1 << 20, 1 << 20, 1 << 10]; // 4 PiB
    const failing = () => run('Fill', {}, { shape, value: 0, dtype: 'float32' });
    expect(failing).toThrow(OutOfMemoryError);
    expect(failing).toThrow(
      expect.objectContaining({
        code: 'LEANTUNE_OUT_OF_MEMORY',
        requestedBytes: 2 ** 52,
        freeBytes: expect.any(Number) as number,
      }),
    );
    expect(failing).toThrow(/^out of memory on cpu in Fill: 4503599627370496 bytes requested, \d+ bytes free$/);
    const one = tensor([1]);
    expect([...one.dataSync()]).toEqual([1]);
    one.dispose();
  });

  it('throws what libtorch says, without its lists of code addresses', () => {
    const [a, b] = [tensor([1, 2]), tensor([1, 2, 3])];
    expect(() => run('Add', { a, b })).toThrow(
      /^The size of tensor a \(2\) must match the size of tensor b \(3\) at non-singleton dimension 0$/,
    );
    for (const each of [a, b]) each.dispose();
  });

  it('refuses tensors that another backend holds, which tfjs would fetch without a word', async () => {
    const wasm = nodeProviders().find(({ name }) => name === 'wasm')!;
    await wasm.load();
    const there = tensor([1, 2]);
    await torchProvider().load();
    const here = tensor([3, 4]);
    expect(() => run('Add', { a: here, b: there })).toThrow(
      expect.objectContaining({
        name: 'UsageError',
        code: 'LEANTUNE_MIXED_DEVICES',
        message: `a tensor that another backend holds is used on torch (${backend.device}): tensors stay where they were made`,
      }),
    );
    for (const each of [here, there]) each.dispose();
  });

  it('names a kernel that the addon does not have', () => {
    expect(() => backend.run('NoSuchKernel', () => undefined)).toThrow(
      expect.objectContaining({
        message: 'the compiled addon has no kernel NoSuchKernel',
        remedy: 'npx leantune setup torch --force',
      }),
    );
  });

  it('has no kernel that is not registered, and says what would do', () => {
    unregisterKernel('Add', 'torch');
    try {
      scope(() => {
        expect(() => add(tensorFrom([1, 2], [2]), tensorFrom([3, 4], [2]))).toThrow(
          expect.objectContaining({
            code: 'LEANTUNE_KERNEL_MISSING',
            message: 'backend torch has no kernel Add',
            remedy: 'use another backend: npx leantune doctor lists those that load',
          }),
        );
      });
    } finally {
      registerTorchKernels();
    }
  });

  it('keeps strings on the host and computes nothing with them', () => {
    const words = tensor(['a', 'b']);
    expect(words.dataSync()).toEqual(['a', 'b']);
    expect(() => run('Tile', { x: words }, { reps: [2] })).toThrow(UsageError);
    words.dispose();
  });

  it('is metered by core to the byte', () => {
    scope(() => {
      const live = memoryMeter().liveBytes;
      const x = tensorFrom(new Float32Array(6), [2, 3]);
      reshape(x, [6]);
      tensorFrom([1, 0], [2], 'bool');
      expect(memoryMeter().liveBytes - live).toBe(26);
    });
  });

  describe('held as', () => {
    const values = [0, 1, -2, 3.140625, 100]; // exact in 8 bits
    const expected: Record<string, number[]> = {
      bfloat16: [0, 1, -2, 3.140625, 100],
      float16: values,
      float64: values,
      float32: values,
      int32: [0, 1, -2, 3, 100],
      int8: [0, 1, -2, 3, 100],
      uint8: [0, 1, 254, 3, 100], // modulo 256
      bool: [0, 1, 1, 1, 1],
    };

    it.each(storageDtypes)('%s', (storage) => {
      const before = backend.meter.read().allocatedBytes;
      const bytes = { float64: 8, float32: 4, int32: 4, bfloat16: 2, float16: 2, int8: 1, uint8: 1, bool: 1 }[storage];
      const integer = storage.includes('int');
      const dtype = integer ? 'int32' : storage === 'bool' ? 'bool' : 'float32';
      const x = tensor(values);
      const held = run('Cast', { x }, { dtype, storage });
      expect(backend.storageOf(held.dataId)).toBe(storage);
      expect(held.dtype).toBe(dtype);
      if (storage !== 'float32') {
        expect(backend.meter.read().allocatedBytes - before).toBe(20 + 5 * bytes);
      }
      expect([...held.dataSync()]).toEqual(expected[storage]);
      for (const each of [x, held]) each.dispose();
    });

    it('bfloat16, sums and products are rounded once, and wider operands widen the result', () => {
      const x = tensor(
        Array.from({ length: 300 }, (_, index) => index),
        [300],
      );
      const half = run('Cast', { x }, { dtype: 'float32', storage: 'bfloat16' });
      const rounded = [...half.dataSync()];
      // Sum of the rounded values in float32, asked for as float32.
      const sum = run('Sum', { x: half }, { axis: [0], keepDims: false, storage: 'float32' });
      expect(sum.dataSync()[0]).toBe(rounded.reduce((total, value) => total + value, 0));
      expect(backend.storageOf(sum.dataId)).toBe('float32');
      const twice = run('Add', { a: half, b: half });
      expect(backend.storageOf(twice.dataId)).toBe('bfloat16');
      const mixed = run('Add', { a: half, b: x });
      expect(backend.storageOf(mixed.dataId)).toBe('float32');
      const row = run('Reshape', { x: half }, { shape: [1, 300] });
      const column = run('Reshape', { x }, { shape: [300, 1] });
      const product = run('BatchMatMul', { a: row, b: column }, { transposeA: false, transposeB: false });
      expect(backend.storageOf(product.dataId)).toBe('float32');
      const exact = rounded.reduce((total, value, index) => total + value * index, 0);
      expect(product.dataSync()[0]! / exact).toBeCloseTo(1, 5);
      for (const each of [x, half, sum, twice, mixed, row, column, product]) each.dispose();
    });
  });
});
