import type { Tensor } from '../tensor/tensor.js';
import { consume, hasFusedKernel, runKernel } from './dispatch.js';
import { add } from './elementwise.js';

export interface MatMulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/** Matrix product over the last two axes; leading axes are batches and must agree. */
export function matMul(a: Tensor, b: Tensor, { transposeA = false, transposeB = false }: MatMulOptions = {}): Tensor {
  return runKernel('BatchMatMul', { a, b }, { transposeA, transposeB });
}

/** a · b + bias of { a, b, bias } with `transposeB`. */
export const biasedMatMulKernelName = 'LeantuneBiasedMatMul';

/** a · b + bias: a [rows, inner], b [inner, columns] or its transpose, bias [columns] or [1, columns], or none. */
export function biasedMatMul(a: Tensor, b: Tensor, bias: Tensor | undefined, transposeB: boolean): Tensor {
  if (bias === undefined) return matMul(a, b, { transposeB });
  const alike = a.storageDtype === b.storageDtype && a.storageDtype === bias.storageDtype;
  if (alike && hasFusedKernel(biasedMatMulKernelName)) {
    return runKernel(biasedMatMulKernelName, { a, b, bias }, { transposeB });
  }
  return add(consume(matMul(a, b, { transposeB })), bias);
}
