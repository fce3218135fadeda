/** The same training steps on meta and on a device: the predicted peak beside that of the device's own allocator. */
import {
  EnvironmentError,
  OutOfMemoryError,
  backendSpelling,
  useBackend,
  type DeviceSnapshot,
  type StepMemory,
} from '@leantune/core';
import { loadBackend } from '@leantune/core/node';
import type { CellOutcome } from '../cell/contract.js';
import { messages } from '../messages.js';
import { measureMethod, measureMethods, type MethodMemory } from './measure.js';
import type { MemorySettings } from './settings.js';
import '../registry/backends.js';

export interface MethodOnDevice {
  /** On the meta backend. */
  readonly predicted: MethodMemory;
  readonly measured?: {
    /** Logical figures on the device: those of meta, to the byte. */
    readonly memory: StepMemory;
    readonly device: DeviceSnapshot;
    /** Bytes still handed out when everything of the step is released: what libraries such as cuBLAS keep for themselves. */
    readonly keptBytes: number;
  };
  /** Why it could not be measured: the device has too little memory. */
  readonly failure?: { readonly message: string; readonly requestedBytes?: number; readonly freeBytes?: number };
}

export interface DeviceComparison {
  readonly backend: CellOutcome['backend'];
  readonly methods: readonly MethodOnDevice[];
}

/**
 * One method after the other, with random weights; what the allocator held back for one is given back before the next.
 * @throws EnvironmentError where the backend does not load, or its allocator cannot be asked
 */
export async function compareWithDevice(
  settings: MemorySettings,
  requested: string,
  onLog: (line: string) => void,
): Promise<DeviceComparison> {
  const backend = await loadBackend(requested, { requestedBy: '--backend' });
  const { deviceMeter, device, details } = backend;
  if (deviceMeter === undefined) {
    throw new EnvironmentError(messages.noDeviceMeter(backend.name), {
      code: 'LEANTUNE_NO_DEVICE_METER',
      remedy: messages.noDeviceMeterRemedy(),
    });
  }
  const predicted = await measureMethods(settings, backend);
  const methods: MethodOnDevice[] = [];
  for (const [index, row] of predicted.entries()) {
    onLog(messages.profileMemory(row.method, index + 1, predicted.length));
    await useBackend(backend); // with a meter of its own for each method
    deviceMeter.releaseCached();
    try {
      const { measured, device: peaks } = measureMethod(settings, row.method);
      const keptBytes = deviceMeter.read().allocatedBytes;
      methods.push({ predicted: row, measured: { memory: measured.memory, device: peaks!, keptBytes } });
    } catch (error) {
      if (!(error instanceof OutOfMemoryError)) throw error;
      const { message, requestedBytes, freeBytes } = error;
      methods.push({
        predicted: row,
        failure: {
          message,
          ...(requestedBytes === undefined ? {} : { requestedBytes }),
          ...(freeBytes === undefined ? {} : { freeBytes }),
        },
      });
    }
  }
  const name = backendSpelling(backend, requested);
  return { backend: { name, device: device.description, details: { ...details } }, methods };
}
