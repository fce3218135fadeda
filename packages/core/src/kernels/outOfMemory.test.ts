import type { KernelBackend } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { isLoaded } from '../backend/backend.js';
import { useBackend } from '../backend/useBackend.js';
import { OutOfMemoryError } from '../errors/errors.js';
import { nodeProviders } from '../node/loadBackend.js';
import { memoryMeter } from '../tensor/runtime.js';
import { scope } from '../tensor/scope.js';
import { tensorFrom } from '../tensor/tensor.js';
import { multiply } from './elementwise.js';
import { matMul } from './linearAlgebra.js';
import { fill } from './shape.js';

interface Heap {
  _malloc(bytes: number): number;
  _free(address: number): void;
}

async function activateWasm(): Promise<Heap> {
  const backend = await nodeProviders()
    .find(({ name }) => name === 'wasm')!
    .load();
  if (!isLoaded(backend)) throw new Error(backend.reason);
  await useBackend(backend);
  return (backend.kernels as KernelBackend & { readonly wasm: Heap }).wasm;
}

/** Reserves memory in ever smaller pieces down to `rest` bytes. It is not touched: the machine need not have it. */
function reserveAllBut(wasm: Heap, rest: number): number[] {
  const reserved: number[] = [];
  for (let bytes = 2 ** 30; bytes >= rest; bytes /= 2) {
    try {
      for (;;) reserved.push(wasm._malloc(bytes));
    } catch (error) {
      expect(error).toBeInstanceOf(OutOfMemoryError);
    }
  }
  return reserved;
}

const remedy = 'use a smaller batch size or sequence length, or a backend with more memory';

function expectFull(body: () => void, requestedBytes: number): void {
  expect(() => scope(body)).toThrow(OutOfMemoryError);
  expect(() => scope(body)).toThrow(
    expect.objectContaining({
      message: `out of memory: the WebAssembly heap, at most 4 GiB, has no room for ${requestedBytes} bytes`,
      code: 'LEANTUNE_OUT_OF_MEMORY',
      requestedBytes,
      remedy,
    }),
  );
  expect(memoryMeter().liveBytes).toBe(0);
}

describe('a full WebAssembly heap', () => {
  it('refuses what no address reaches', async () => {
    await activateWasm();
    expectFull(() => fill([2 ** 30], 1), 2 ** 32);
    expectFull(() => fill([2 ** 20, 2 ** 14], 1), 2 ** 36);
  });

  it('refuses kernels and copies, harms no tensor, and goes on when there is room', async () => {
    const wasm = await activateWasm();
    const witness = tensorFrom([1, 2, 3], [3]);
    const reserved = reserveAllBut(wasm, 2 ** 23);
    try {
      const size = 2 ** 22; // 16 MiB
      expect(() => scope(() => fill([size], 1))).toThrow(OutOfMemoryError);
      expect(() => scope(() => tensorFrom(new Float32Array(size), [size]))).toThrow(OutOfMemoryError);
      expect(memoryMeter().liveBytes).toBe(12);
    } finally {
      for (const address of reserved) wasm._free(address);
    }
    expect(scope(() => [...multiply(witness, fill([3], 2)).read()])).toEqual([2, 4, 6]);
    expect(scope(() => fill([2 ** 22], 1).read().length)).toBe(2 ** 22);
    witness.release();
  });

  it('never gives a wrong product', async () => {
    const wasm = await activateWasm();
    const n = 1000;
    scope(() => {
      const [a, b] = [fill([n, n], 1), fill([n, n], 2)]; // 4 MB; XNNPACK wants as much again for its copy of b
      const outcomes = new Set<string>();
      for (const rest of [2 ** 24, 2 ** 23, 2 ** 22, 2 ** 21]) {
        const reserved = reserveAllBut(wasm, rest);
        try {
          outcomes.add(String(scope(() => matMul(a, b).read()[n * n - 1])));
        } catch (error) {
          outcomes.add((error as Error).name);
        } finally {
          for (const address of reserved) wasm._free(address);
        }
      }
      expect(outcomes).toEqual(new Set(['2000', 'OutOfMemoryError']));
    });
  });
});
