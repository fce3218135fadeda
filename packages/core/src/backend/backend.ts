import type { KernelBackend } from '@tensorflow/tfjs-core';
import type { StorageDType } from '../tensor/dtype.js';

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
  /** False where kernels infer shapes only and no value can be read. Default true. */
  readonly holdsValues?: boolean;
  /** Absent where buffers hold float32, int32 and bool as they are. */
  readonly extendedStorage?: ExtendedStorage;
}

/** Buffers of other storage dtypes than their element type: the `storage` attribute of `Cast`, `Fill`, `Mean` … */
interface ExtendedStorage {
  readonly dtypes: readonly StorageDType[];
  /** How the buffer behind a data id is held. */
  dtypeOf(dataId: object): StorageDType;
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
  /** Never taken unless it was asked for by name. */
  readonly onRequestOnly?: boolean;
  /** Loads the backend, or says why it cannot be loaded. */
  load(): Promise<LoadedBackend | UnavailableBackend>;
}

export function isLoaded(result: LoadedBackend | UnavailableBackend): result is LoadedBackend {
  return 'kernels' in result;
}
