import { elementTypeOf, type StorageDType } from '../tensor/dtype.js';
import { assertStorage } from '../tensor/runtime.js';
import type { Tensor } from '../tensor/tensor.js';
import { runKernel } from './dispatch.js';

/** A new buffer of `value`, held as `storage`. @throws EnvironmentError where the backend has no such storage */
export function fillAs(shape: readonly number[], value: number, storage: StorageDType): Tensor {
  assertStorage(storage);
  return runKernel('Fill', {}, { shape: [...shape], value, dtype: elementTypeOf(storage), storage });
}

/**
 * The same values held as `storage`; x itself where it is held so already.
 * @throws EnvironmentError where the backend has no such storage
 */
export function castStorage(x: Tensor, storage: StorageDType): Tensor {
  if (x.storageDtype === storage) return x;
  assertStorage(storage);
  return runKernel('Cast', { x }, { dtype: elementTypeOf(storage), storage });
}
