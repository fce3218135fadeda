import { elementTypeOf, type StorageDType } from '../tensor/dtype.js';
import { assertStorage } from '../tensor/runtime.js';
import type { Tensor } from '../tensor/tensor.js';
import { consume, runKernel } from './dispatch.js';

/** A new buffer of `value`, held as `storage`. @throws EnvironmentError where the backend has no such storage */
export function fillAs(shape: readonly number[], value: number, storage: StorageDType): Tensor {
  assertStorage(storage);
  return runKernel('Fill', {}, { shape: [...shape], value, dtype: elementTypeOf(storage), storage });
}

/** How statistics of x and losses are held: float32 at least, as PyTorch's fused kernels keep them. */
export function statisticsStorage(x: Tensor): StorageDType {
  return x.storageDtype === 'float64' ? 'float64' : 'float32';
}

/**
 * For the next kernel alone: x held as `storage`, e.g. a mask as what it is added to, which it would widen otherwise; x
 * itself where it is held so already.
 */
export function heldAs(x: Tensor, storage: StorageDType): Tensor {
  const held = castStorage(x, storage);
  return held === x ? x : consume(held);
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
