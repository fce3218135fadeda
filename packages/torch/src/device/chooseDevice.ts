import { EnvironmentError, UsageError, nearestName } from '@leantune/core';
import { messages } from '../messages.js';

/** What there is to choose from. */
interface DevicesHere {
  /** GPUs that this libtorch can use. */
  readonly gpus: number;
  readonly hasCuda: boolean;
  /** Of torch. */
  readonly version: string;
}

/** A device's full name: `cuda` is the first GPU. */
export function deviceName(wanted: string): string {
  return wanted === 'cuda' ? 'cuda:0' : wanted;
}

/**
 * The device that is asked for; without a wish the first GPU, else the CPU.
 * @param wanted with who wants it, e.g. `LEANTUNE_TORCH_DEVICE` or `torch:cuda:0`
 * @throws UsageError for a name that means nothing here, EnvironmentError where that device is not there; never another
 * one instead
 */
export function chooseDevice(
  wanted: { readonly device: string; readonly by: string } | undefined,
  { gpus, hasCuda, version }: DevicesHere,
): string {
  if (wanted === undefined) return gpus > 0 ? 'cuda:0' : 'cpu';
  const device = deviceName(wanted.device);
  const known = ['cpu', ...Array.from({ length: gpus }, (_, index) => `cuda:${index}`)];
  if (known.includes(device)) return device;
  const because = (reason: string) => messages.noDevice(wanted.device, wanted.by, reason);
  const details = { code: 'LEANTUNE_TORCH_DEVICE', remedy: messages.deviceRemedy() };
  if (device === 'mps') throw new EnvironmentError(because(messages.noMps()), details);
  if (/^cuda:\d+$/.test(device)) {
    if (!hasCuda) {
      throw new EnvironmentError(because(messages.noCuda(version)), { ...details, remedy: messages.noCudaRemedy() });
    }
    if (gpus === 0)
      throw new EnvironmentError(because(messages.noGpu()), { ...details, remedy: messages.noGpuRemedy() });
  }
  throw new UsageError(because(messages.devicesHere(known, nearestName(device, known))), details);
}
