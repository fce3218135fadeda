import { engine } from '@tensorflow/tfjs-core';
import { registerPortableKernels } from '../kernels/portable.js';
import { registerWasmKernels } from '../kernels/wasmKernels.js';
import { setActiveBackend } from '../tensor/runtime.js';
import type { LoadedBackend } from './backend.js';

/**
 * Makes `backend` the one that computes, with the kernels that leantune adds and a meter of its own. Tensors stay with
 * the backend they were made on: release them first.
 */
export async function useBackend(backend: LoadedBackend): Promise<void> {
  await engine().setBackend(backend.name);
  if (backend.name === 'wasm') registerWasmKernels(backend.kernels);
  registerPortableKernels(backend.name);
  setActiveBackend(backend);
}
