import type { BackendDevice, NativeLibrary } from '../../backend/backend.js';
import type { Found, Problem } from '../provision/prerequisites.js';

export type BackendState =
  | { readonly name: string; readonly loads: true; readonly device: BackendDevice; readonly loadMs: number }
  | ({ readonly name: string; readonly loads: false } & Problem);

export interface CacheEntry {
  readonly name: string;
  readonly bytes: number;
}

export interface GpuDevice {
  readonly name: string;
  readonly memoryBytes: number;
  readonly driver: string;
}

/** Everything about this machine that decides where and how leantune computes. Sizes in bytes. */
export interface EnvironmentReport {
  readonly leantune: string;
  readonly node: string;
  readonly os: string;
  readonly cpu: { readonly model: string; readonly cores: number };
  readonly memory: { readonly totalBytes: number; readonly freeBytes: number };
  readonly gpus: readonly GpuDevice[];
  readonly python: Found | Problem;
  readonly compiler: Found | Problem;
  readonly wasm: { readonly simd: boolean; readonly threads: boolean };
  /** Native libraries by the backend that could use them, in the order in which they are tried. */
  readonly libraries: Readonly<Record<string, readonly NativeLibrary[]>>;
  readonly backends: readonly BackendState[];
  /** What a run without further choice would use. */
  readonly choice: { readonly name: string; readonly reason: string } | Problem;
  readonly cache: { readonly folder: string; readonly entries: readonly CacheEntry[] };
  /** Variables of leantune's that are set. */
  readonly settings: Readonly<Record<string, string>>;
}
