import { readFileSync } from 'node:fs';
import type { TorchAddon } from '../native/addon.js';

interface Gpu {
  /** E.g. `NVIDIA H100 80GB HBM3`. */
  readonly name: string;
  /** Compute capability, e.g. `9.0`; empty where the driver does not say. */
  readonly capability: string;
}

/** The GPUs that this libtorch can use, in the order of their numbers. */
export function gpusOf(addon: TorchAddon): Gpu[] {
  const words = addon.gpus();
  return words.flatMap((name, index) => (index % 2 === 0 ? [{ name, capability: words[index + 1] ?? '' }] : []));
}

/** CUDA's version in words, from 1000 · major + 10 · minor. */
export function cudaVersionText(number: number): string {
  return `${Math.floor(number / 1000)}.${Math.floor((number % 1000) / 10)}`;
}

/** Version of NVIDIA's kernel module; undefined where it does not say. */
export function driverVersion(file = '/proc/driver/nvidia/version'): string | undefined {
  try {
    return /^NVRM version:.*?\s(\d+(?:\.\d+)+)\s/m.exec(readFileSync(file, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}
