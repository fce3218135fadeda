import type { LoadedBackend } from '../backend/backend.js';
import { EnvironmentError, UsageError } from '../errors/errors.js';
import { MemoryMeter } from '../memory/meter.js';
import type { BirthCategory } from '../memory/categories.js';
import { messages } from '../messages.js';
import { elementTypeOf, type FloatStorageDType, type StorageDType } from './dtype.js';

/**
 * The state that belongs to the process and not to any tensor: the active backend, its meter, and the category
 * that new buffers get. One backend computes at a time; tensors stay with the backend they were made on.
 */
interface Runtime {
  backend: LoadedBackend | undefined;
  meter: MemoryMeter;
  category: BirthCategory;
  parameterStorage: FloatStorageDType;
}

const runtime: Runtime = {
  backend: undefined,
  meter: new MemoryMeter(),
  category: 'workspace',
  parameterStorage: 'float32',
};

/** Makes `backend` the one that computes, with a meter of its own; see `useBackend`. */
export function setActiveBackend(backend: LoadedBackend): void {
  runtime.backend = backend;
  runtime.meter = new MemoryMeter(backend.deviceMeter);
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

/** False on a backend that infers shapes only: no value can be read, and none need be made. */
export function holdsValues(): boolean {
  return activeBackend().holdsValues !== false;
}

/** How new parameters are held where nothing else decides. */
export function parameterStorage(): FloatStorageDType {
  return runtime.parameterStorage;
}

/**
 * Parameters made in `body` are held as `storage`, and so is what is computed from them: results are held as the widest of
 * their inputs. Whatever else is made, masks and positions for instance, is float32 until an op casts it.
 * @throws EnvironmentError where the active backend has no such storage
 */
export function withParameterStorage<T>(storage: FloatStorageDType, body: () => T): T {
  assertStorage(storage);
  const before = runtime.parameterStorage;
  runtime.parameterStorage = storage;
  try {
    return body();
  } finally {
    runtime.parameterStorage = before;
  }
}

/** @throws EnvironmentError where the active backend cannot hold buffers of this dtype. */
export function assertStorage(storage: StorageDType): void {
  const { name, extendedStorage } = activeBackend();
  if (storage === elementTypeOf(storage) || extendedStorage?.dtypes.includes(storage) === true) return;
  throw new EnvironmentError(messages.storageUnsupported(name, storage), {
    code: 'LEANTUNE_STORAGE_DTYPE',
    remedy: messages.storageUnsupportedRemedy(),
  });
}
