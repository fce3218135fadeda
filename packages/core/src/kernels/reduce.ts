import type { StorageDType } from '../tensor/dtype.js';
import type { Tensor } from '../tensor/tensor.js';
import { consume, hasKernel, runKernel } from './dispatch.js';
import { multiply, square, squareRoot } from './elementwise.js';

/** Sum over `axes` (all axes by default). */
export function sum(x: Tensor, axes?: readonly number[], keepDims = false): Tensor {
  return runKernel('Sum', { x }, { axis: [...(axes ?? x.shape.keys())], keepDims });
}

/** Mean over `axes`, held as `storage` or as x is. */
export function mean(x: Tensor, axes: readonly number[], keepDims = false, storage?: StorageDType): Tensor {
  return runKernel('Mean', { x }, { axis: [...axes], keepDims, ...(storage === undefined ? {} : { storage }) });
}

export function max(x: Tensor, axes: readonly number[], keepDims = false): Tensor {
  return runKernel('Max', { x }, { reductionIndices: [...axes], keepDims });
}

/** Softmax over the last axis. */
export function softmax(logits: Tensor): Tensor {
  return runKernel('Softmax', { logits }, { dim: logits.shape.length - 1 });
}

/** Euclidean norm of every row: [rows, columns] → [rows]. */
export function rowNorms(x: Tensor): Tensor {
  return squareRoot(consume(sum(consume(square(x)), [1])));
}

/** Σx²/2 in one pass, where a backend has it. */
export const sumOfSquaresKernelName = 'LeantuneHalfSumOfSquares';

/** Σx² over all elements: a scalar. */
export function sumOfSquares(x: Tensor): Tensor {
  if (!hasKernel(sumOfSquaresKernelName)) return sum(square(x));
  return multiply(runKernel(sumOfSquaresKernelName, { x }), 2);
}
