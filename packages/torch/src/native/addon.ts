import { constants } from 'node:os';

/** The compiled module, see `native/addon.cc`. Arguments and results of a call stand in the attached array. */
export interface TorchAddon {
  /** Names of the kernels; a kernel's number is its place. */
  readonly kernels: readonly string[];
  attach(scratch: Float64Array): void;
  configure(device: string, threads: number, deterministic: boolean): void;
  call(kernel: number): void;
  write(values: Float32Array | Int32Array | Uint8Array): number;
  /** `dtype`: code of the element type that the values are read as. */
  read(handle: number, dtype: number): ArrayBuffer;
  drop(handle: number): void;
  /** How many tensors are held. */
  handles(): number;
  /** Name and compute capability of each GPU that this libtorch can use, one after the other. */
  gpus(): string[];
  /** CUDA's version as 1000 · major + 10 · minor; 0 without CUDA. */
  cudaVersion(): number;
  memory(): void;
  resetPeak(): void;
  releaseCached(): void;
  synchronize(): void;
}

/** Loads the module at `path`. @throws Error of the dynamic linker. */
export function openAddon(path: string): TorchAddon {
  const holder: { exports: object } = { exports: {} };
  process.dlopen(holder, path, constants.dlopen.RTLD_NOW);
  return holder.exports as TorchAddon;
}
