import type { KernelBackend } from '@tensorflow/tfjs-core';
import type { DeviceMeter } from '../memory/deviceMemory.js';
import type { StorageDType } from '../tensor/dtype.js';

/** How well a backend's device is known: where it computes, in words for people and results. */
export interface BackendDevice {
  /** `cpu` or `gpu`. */
  readonly kind: 'cpu' | 'gpu';
  /** The one of the backend's devices, e.g. `cuda:0`; absent where it has no choice of them. */
  readonly name?: string;
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
  /** Whether ops run kernels that do the work of several (`hasFusedKernel`). Default false. */
  readonly fusesKernels?: boolean;
  /** Absent where buffers hold float32, int32 and bool as they are. */
  readonly extendedStorage?: ExtendedStorage;
  /** Absent where the allocator behind the buffers cannot be asked. */
  readonly deviceMeter?: DeviceMeter;
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
  /** `load` takes the name of a device, which stands behind the backend's: `torch:cuda:0`. */
  readonly takesDevice?: boolean;
  /**
   * Loads the backend, or says why it cannot be loaded.
   * @param device the one wanted; absent: the backend's choice. Never another one instead.
   */
  load(device?: string): Promise<LoadedBackend | UnavailableBackend>;
  /** Native libraries that it could use, and what became of each, for `leantune doctor`. Changes nothing. */
  libraries?(): Promise<readonly NativeLibrary[]>;
}

/** A native library that was looked at. */
export interface NativeLibrary {
  /** What named it or where it was found: `LIBTORCH`, `python3`, an npm package. */
  readonly origin: string;
  readonly version?: string;
  /** Absent where nothing is there. */
  readonly folder?: string;
  readonly state: 'used' | 'not used' | 'unusable';
  /** Why it is in this state, and what would do. */
  readonly note: string;
}

/** `torch:cuda:0` → backend and device; a name alone has no device. */
export function splitBackendName(spelling: string): { readonly name: string; readonly device?: string } {
  const colon = spelling.indexOf(':');
  return colon < 0 ? { name: spelling } : { name: spelling.slice(0, colon), device: spelling.slice(colon + 1) };
}

/** The opposite: the name by which the same device is loaded again, as far as `requested` named one. */
export function backendSpelling({ name, device }: LoadedBackend, requested: string | undefined): string {
  const named = requested !== undefined && splitBackendName(requested).device !== undefined;
  return named && device.name !== undefined ? `${name}:${device.name}` : name;
}

export function isLoaded(result: LoadedBackend | UnavailableBackend): result is LoadedBackend {
  return 'kernels' in result;
}
