import { OutOfMemoryError } from '@leantune/core';
import { messages } from '../messages.js';

/** What `native/addon.cc` throws; the figures stand there where they are known exactly. */
interface AllocationFailure {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly requestedBytes?: number;
  readonly freeBytes?: number;
}

/** Libraries below the allocator run out of memory too, and their errors are ordinary ones. */
const otherRefusals = /CUDA error: out of memory|CU(BLAS|DNN)_STATUS_ALLOC_FAILED/;

/** leantune's error for memory that libtorch could not get; undefined for any other error. */
export function outOfMemoryError(error: unknown, device: string, kernel: string): OutOfMemoryError | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const failure: AllocationFailure = error;
  const text = String(failure.message);
  if (failure.code !== 'LEANTUNE_OUT_OF_MEMORY' && !otherRefusals.test(text)) return undefined;
  const requestedBytes = failure.requestedBytes ?? requestedBytesIn(text);
  // Node counts the limit of a container too.
  const freeBytes = device === 'cpu' ? process.availableMemory() : (failure.freeBytes ?? freeBytesIn(text));
  return new OutOfMemoryError(messages.outOfMemory(device, kernel, requestedBytes, freeBytes), {
    code: 'LEANTUNE_OUT_OF_MEMORY',
    remedy: messages.outOfMemoryRemedy(),
    cause: error,
    ...(requestedBytes === undefined ? {} : { requestedBytes }),
    ...(freeBytes === undefined ? {} : { freeBytes }),
  });
}

/** Of "Tried to allocate 20.00 MiB", two decimals being all that libtorch says. */
export function requestedBytesIn(text: string): number | undefined {
  return sizeIn(/tried to allocate ([\d.]+) (\w+)/i, text);
}

/** Of "of which 17.75 MiB is free" or, before torch 2.1, "17.75 MiB free". */
export function freeBytesIn(text: string): number | undefined {
  return sizeIn(/([\d.]+) (\w+) (?:is )?free\b/, text);
}

/** libtorch divides by 1024, also where it writes MB for Apple's GPUs. */
const units: Readonly<Record<string, number>> = {
  bytes: 1,
  KiB: 2 ** 10,
  KB: 2 ** 10,
  MiB: 2 ** 20,
  MB: 2 ** 20,
  GiB: 2 ** 30,
  GB: 2 ** 30,
};

function sizeIn(pattern: RegExp, text: string): number | undefined {
  const [, amount, unit = ''] = pattern.exec(text) ?? [];
  const factor = units[unit];
  return amount === undefined || factor === undefined ? undefined : Math.round(Number(amount) * factor);
}
