import type { Tensor } from '../tensor/tensor.js';
import { runKernel } from './dispatch.js';

export interface MatMulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/** Matrix product over the last two axes; leading axes are batches and must agree. */
export function matMul(a: Tensor, b: Tensor, { transposeA = false, transposeB = false }: MatMulOptions = {}): Tensor {
  return runKernel('BatchMatMul', { a, b }, { transposeA, transposeB });
}
