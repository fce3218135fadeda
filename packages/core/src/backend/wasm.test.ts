import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { missingKernels } from './activate.js';
import { isLoaded } from './backend.js';
import { wasmProvider } from './wasm.js';

test('the wasm backend loads and computes', async () => {
  const backend = await wasmProvider().load();
  expect(isLoaded(backend) && backend.device).toEqual({ kind: 'cpu', description: 'WebAssembly SIMD, 1 thread' });
  expect(isLoaded(backend) && backend.details).toEqual({
    package: '@tensorflow/tfjs-backend-wasm@4.22.0',
    simd: true,
    threads: 1,
  });
  // [[1, 2], [3, 4]] · [[5, 6], [7, 8]], by hand
  const product = tf.matMul(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor2d([5, 6, 7, 8], [2, 2]));
  expect([...product.dataSync()]).toEqual([19, 22, 43, 50]);
});

test('kernels that it lacks are named', async () => {
  await wasmProvider().load();
  // tfjs-backend-wasm 4.22 registers no Einsum (its register_all_kernels.js).
  expect(missingKernels('wasm', ['BatchMatMul', 'Einsum', 'Softmax'])).toEqual(['Einsum']);
});
