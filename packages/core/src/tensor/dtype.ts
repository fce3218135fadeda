/** Element types that kernels know. */
export type DType = 'float32' | 'int32' | 'bool';

/** How a `float32` value may be held instead. */
export type FloatStorageDType = 'float32' | 'bfloat16' | 'float16' | 'float64';

/** How the elements of a buffer are held: as their element type, or in an extension that a backend may have. */
export type StorageDType = DType | FloatStorageDType | 'int8' | 'uint8';

const storages: Readonly<Record<StorageDType, { readonly bytes: number; readonly holds: DType }>> = {
  float64: { bytes: 8, holds: 'float32' },
  float32: { bytes: 4, holds: 'float32' },
  bfloat16: { bytes: 2, holds: 'float32' },
  float16: { bytes: 2, holds: 'float32' },
  int32: { bytes: 4, holds: 'int32' },
  int8: { bytes: 1, holds: 'int32' },
  uint8: { bytes: 1, holds: 'int32' },
  bool: { bytes: 1, holds: 'bool' },
};

export function bytesPerElement(storage: StorageDType): number {
  return storages[storage].bytes;
}

/** The element type that kernels see in a buffer of this storage dtype. */
export function elementTypeOf(storage: StorageDType): DType {
  return storages[storage].holds;
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function equalShapes(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
