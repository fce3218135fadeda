import * as tf from '@tensorflow/tfjs-core';
import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { cacheFolder } from './cacheFolder.js';
import { loadBackend, requestedBackend } from './loadBackend.js';
import { findCompiledBinding } from './tensorflow/bindingStore.js';

const isSetUp = !('reason' in findCompiledBinding(cacheFolder(), process.env));
const notSetUp = 'the native backend is not set up (npx leantune setup)';

test('the caller comes before LEANTUNE_BACKEND, an empty variable counts as unset', () => {
  expect(requestedBackend('wasm', { LEANTUNE_BACKEND: 'tensorflow' }, '--backend')).toEqual({
    requested: 'wasm',
    requestedBy: '--backend',
  });
  expect(requestedBackend(undefined, { LEANTUNE_BACKEND: 'tensorflow' })).toEqual({
    requested: 'tensorflow',
    requestedBy: 'LEANTUNE_BACKEND',
  });
  expect(requestedBackend(undefined, { LEANTUNE_BACKEND: '' })).toEqual({});
});

test('LEANTUNE_BACKEND names the backend', async () => {
  const backend = await loadBackend(undefined, { environment: { ...process.env, LEANTUNE_BACKEND: 'wasm' } });
  expect([backend.name, backend.reason, tf.getBackend()]).toEqual(['wasm', 'requested by LEANTUNE_BACKEND', 'wasm']);
});

test('there is one copy of tfjs-core, whoever imports it', () => {
  const require = createRequire(import.meta.url);
  const fromTfjsNode = createRequire(require.resolve('@tensorflow/tfjs-node/package.json'));
  const fromTfjs = createRequire(fromTfjsNode.resolve('@tensorflow/tfjs'));
  const fromWasm = createRequire(require.resolve('@tensorflow/tfjs-backend-wasm'));
  const copies = [require, fromTfjs, fromWasm].map((from) => realpathSync(from.resolve('@tensorflow/tfjs-core')));
  expect(new Set(copies).size).toBe(1);
});

describe('the native backend', () => {
  test('registers its kernels with the tfjs-core that we import', async (context) => {
    context.skip(!isSetUp, notSetUp);
    const backend = await loadBackend('tensorflow', { requiredKernels: ['BatchMatMul', 'UnsortedSegmentSum'] });
    expect([backend.name, tf.getBackend(), backend.kernels === tf.backend()]).toEqual([
      'tensorflow',
      'tensorflow',
      true,
    ]);
    expect(tf.getKernelsForBackend('tensorflow').length).toBeGreaterThan(150);
    expect(backend.details.tensorflowVersion).toMatch(/^\d+\.\d+\.\d+/);
  });

  test('multiplies 512 × 512 matrices as wasm does', async (context) => {
    context.skip(!isSetUp, notSetUp);
    const size = 512;
    const wave = (step: number) => Float32Array.from({ length: size * size }, (_, i) => Math.sin(i * step));
    const [left, right] = [wave(0.37), wave(0.91)];
    const product = async (name: string) => {
      await loadBackend(name);
      return tf.tidy(() => tf.matMul(tf.tensor2d(left, [size, size]), tf.tensor2d(right, [size, size])).dataSync());
    };
    const [native, wasm] = [await product('tensorflow'), await product('wasm')];
    let largestDifference = 0;
    native.forEach((value, i) => (largestDifference = Math.max(largestDifference, Math.abs(value - (wasm[i] ?? NaN)))));
    // Sums of 512 float32 products, each at most 1, added up in another order.
    expect(largestDifference).toBeLessThan(2e-4);
    expect(native.some((value) => value > 1)).toBe(true);
  });

  test('can be left and taken up again', async (context) => {
    context.skip(!isSetUp, notSetUp);
    const first = await loadBackend('tensorflow');
    await loadBackend('wasm');
    const second = await loadBackend('tensorflow');
    expect(second.kernels).toBe(first.kernels);
    expect(tf.getBackend()).toBe('tensorflow');
  });
});
