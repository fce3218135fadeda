import { env } from '@tensorflow/tfjs-core';
import { activateBackend } from './activate.js';
import type { BackendProvider, LoadedBackend, UnavailableBackend } from './backend.js';
import { backendMessages } from './messages.js';

const packageName = '@tensorflow/tfjs-backend-wasm';

export interface WasmOptions {
  /** Folder or address, with a closing slash, that holds the `.wasm` files; absent: beside the package's script. */
  readonly wasmFolder?: string;
}

/**
 * WebAssembly kernels of tfjs: nothing to install, one thread (tfjs takes the threaded build only in browsers),
 * at most 4 GiB. SIMD is taken where the engine has it.
 */
export function wasmProvider(options: WasmOptions = {}): BackendProvider {
  return { name: 'wasm', priority: 10, load: () => load(options) };
}

async function load(options: WasmOptions): Promise<LoadedBackend | UnavailableBackend> {
  if (!('WebAssembly' in globalThis)) {
    return {
      name: 'wasm',
      reason: backendMessages.wasmUnsupported(),
      remedy: backendMessages.wasmUnsupportedRemedy(),
    };
  }
  try {
    const wasm = await import('@tensorflow/tfjs-backend-wasm');
    if (options.wasmFolder !== undefined) wasm.setWasmPaths(options.wasmFolder);
    const kernels = await activateBackend('wasm');
    const simd = await env().getAsync('WASM_HAS_SIMD_SUPPORT');
    // -1 and 0 are how the single-threaded build says "no thread pool".
    const threads = Math.max(1, wasm.getThreadsCount());
    return {
      name: 'wasm',
      kernels,
      device: {
        kind: 'cpu',
        description: `WebAssembly${simd === true ? ' SIMD' : ''}, ${threads} thread${threads === 1 ? '' : 's'}`,
      },
      reason: 'built in',
      details: { package: `${packageName}@${wasm.version_wasm}`, simd: simd === true, threads },
    };
  } catch (error) {
    return {
      name: 'wasm',
      reason: backendMessages.importFailed(packageName, error instanceof Error ? error.message : String(error)),
      remedy: backendMessages.reinstall(),
    };
  }
}
