/** Element types that every backend has. */
export type DType = 'float32' | 'int32' | 'bool';

const bytesOf: Readonly<Record<DType, number>> = { float32: 4, int32: 4, bool: 1 };

export function bytesPerElement(dtype: DType): number {
  return bytesOf[dtype];
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function equalShapes(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
