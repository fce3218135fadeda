import { elementCount, type DType } from '../tensor/dtype.js';
import type { Tensor } from '../tensor/tensor.js';
import { runKernel, runViewKernel } from './dispatch.js';

/** Same buffer, another shape. */
export function reshape(x: Tensor, shape: readonly number[]): Tensor {
  return runViewKernel('Reshape', x, { shape: [...shape] });
}

export function transpose(x: Tensor, permutation: readonly number[]): Tensor {
  return runKernel('Transpose', { x }, { perm: [...permutation] });
}

export function slice(x: Tensor, begin: readonly number[], size: readonly number[]): Tensor {
  return runKernel('Slice', { x }, { begin: [...begin], size: [...size] });
}

/** Repeats the tensor `repetitions[axis]` times along every axis. */
export function tile(x: Tensor, repetitions: readonly number[]): Tensor {
  return runKernel('Tile', { x }, { reps: [...repetitions] });
}

export function concatenate(tensors: readonly Tensor[], axis: number): Tensor {
  return runKernel('Concat', tensors, { axis });
}

/** Zeros around x: [before, after] for every axis. */
export function padZeros(x: Tensor, paddings: readonly (readonly [number, number])[]): Tensor {
  return runKernel('PadV2', { x }, { paddings: paddings.map((pair) => [...pair]), constantValue: 0 });
}

export function fill(shape: readonly number[], value: number, dtype: DType = 'float32'): Tensor {
  return runKernel('Fill', {}, { shape: [...shape], value, dtype });
}

/** [..., columns] → [rows, columns]: what token-wise kernels work on. */
export function toMatrix(x: Tensor): Tensor {
  const columns = x.shape.at(-1) ?? 1;
  return reshape(x, [elementCount(x.shape) / columns, columns]);
}

/** Rows of axis 0 by index: x [rows, ...rest], indices int32 [n] → [n, ...rest]. */
export function gather(x: Tensor, indices: Tensor): Tensor {
  return runKernel('GatherV2', { x, indices }, { axis: 0, batchDims: 0 });
}

/** Sums rows into a zero matrix: indices int32 [n], updates [n, columns] → [rows, columns]; equal indices add up. */
export function scatterAdd(indices: Tensor, updates: Tensor, rows: number): Tensor {
  const columns = updates.shape[1]!;
  const coordinates = reshape(indices, [indices.size, 1]);
  const result = runKernel('ScatterNd', { indices: coordinates, updates }, { shape: [rows, columns] });
  coordinates.release();
  return result;
}
