import type { KernelBackend } from '@tensorflow/tfjs-core';

/** How well a backend's device is known: where it computes, in words for people and results. */
export interface BackendDevice {
  /** `cpu` or `gpu`. */
  readonly kind: 'cpu' | 'gpu';
  /** E.g. `TensorFlow 2.21.0, 2 threads` or `WebAssembly SIMD, 1 thread`. */
  readonly description: string;
}

/** A backend that is ready to compute. */
export interface LoadedBackend {
  /** Name under which its kernels are registered with tfjs: `tensorflow`, `wasm`. */
  readonly name: string;
  readonly kernels: KernelBackend;
  readonly device: BackendDevice;
  /** Why this one was taken, for the terminal and the provenance of results. */
  readonly reason: string;
  /** Version, flags, paths' base names: whatever a reader needs to repeat a run; no absolute paths. */
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

/** What a probe found out about a backend that cannot load: the reason and the command that fixes it. */
export interface UnavailableBackend {
  readonly name: string;
  readonly reason: string;
  readonly remedy: string;
}

/** One way to compute. `load` never falls back to another backend. */
export interface BackendProvider {
  readonly name: string;
  /** Higher is tried first when nothing was asked for. */
  readonly priority: number;
  /** Loads the backend, or says why it cannot be loaded. */
  load(): Promise<LoadedBackend | UnavailableBackend>;
}

export function isLoaded(result: LoadedBackend | UnavailableBackend): result is LoadedBackend {
  return 'kernels' in result;
}
