import type { LoadedBackend } from '../backend/backend.js';
import { UsageError } from '../errors/errors.js';
import { MemoryMeter } from '../memory/meter.js';
import type { BirthCategory } from '../memory/categories.js';
import { messages } from '../messages.js';

/**
 * The state that belongs to the process and not to any tensor: the active backend, its meter, and the category
 * that new buffers get. One backend computes at a time; tensors stay with the backend they were made on.
 */
interface Runtime {
  backend: LoadedBackend | undefined;
  meter: MemoryMeter;
  category: BirthCategory;
}

const runtime: Runtime = { backend: undefined, meter: new MemoryMeter(), category: 'workspace' };

/** Makes `backend` the one that computes, with a meter of its own; see `useBackend`. */
export function setActiveBackend(backend: LoadedBackend): void {
  runtime.backend = backend;
  runtime.meter = new MemoryMeter();
}

/** @throws UsageError where no backend is active. */
export function activeBackend(): LoadedBackend {
  if (runtime.backend === undefined) throw new UsageError(messages.noBackend(), { code: 'LEANTUNE_NO_BACKEND' });
  return runtime.backend;
}

export function memoryMeter(): MemoryMeter {
  return runtime.meter;
}

export function currentCategory(): BirthCategory {
  return runtime.category;
}

/** Buffers made in `body` get this category instead of `workspace`. */
export function withCategory<T>(category: BirthCategory, body: () => T): T {
  const before = runtime.category;
  runtime.category = category;
  try {
    return body();
  } finally {
    runtime.category = before;
  }
}
