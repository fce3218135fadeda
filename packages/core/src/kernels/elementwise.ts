import type { Tensor } from '../tensor/tensor.js';
import type { DType, StorageDType } from '../tensor/dtype.js';
import { runKernel, type KernelInput } from './dispatch.js';

/**
 * Elementwise kernels with NumPy broadcasting; no gradients are recorded here. Results are held as the widest of their
 * inputs, or as `storage` says.
 */
const held = (storage: StorageDType | undefined) => (storage === undefined ? {} : { storage });

export const add = (a: KernelInput, b: KernelInput, storage?: StorageDType): Tensor =>
  runKernel('Add', { a, b }, held(storage));
export const subtract = (a: KernelInput, b: KernelInput, storage?: StorageDType): Tensor =>
  runKernel('Sub', { a, b }, held(storage));
export const multiply = (a: KernelInput, b: KernelInput, storage?: StorageDType): Tensor =>
  runKernel('Multiply', { a, b }, held(storage));
export const divide = (a: KernelInput, b: KernelInput): Tensor => runKernel('RealDiv', { a, b });
export const maximum = (a: KernelInput, b: KernelInput): Tensor => runKernel('Maximum', { a, b });
export const minimum = (a: KernelInput, b: KernelInput): Tensor => runKernel('Minimum', { a, b });
export const greater = (a: KernelInput, b: KernelInput): Tensor => runKernel('Greater', { a, b });
export const greaterEqual = (a: KernelInput, b: KernelInput): Tensor => runKernel('GreaterEqual', { a, b });
export const notEqual = (a: Tensor, b: Tensor): Tensor => runKernel('NotEqual', { a, b });

export const square = (x: Tensor, storage?: StorageDType): Tensor => runKernel('Square', { x }, held(storage));
export const squareRoot = (x: Tensor): Tensor => runKernel('Sqrt', { x });
export const reciprocalSquareRoot = (x: Tensor): Tensor => runKernel('Rsqrt', { x });
export const exponential = (x: Tensor): Tensor => runKernel('Exp', { x });
export const logarithm = (x: Tensor): Tensor => runKernel('Log', { x });
export const errorFunction = (x: Tensor): Tensor => runKernel('Erf', { x });
export const hyperbolicTangent = (x: Tensor): Tensor => runKernel('Tanh', { x });
export const sigmoid = (x: Tensor): Tensor => runKernel('Sigmoid', { x });
export const cosine = (x: Tensor): Tensor => runKernel('Cos', { x });
export const sine = (x: Tensor): Tensor => runKernel('Sin', { x });
export const negate = (x: Tensor): Tensor => runKernel('Neg', { x });
export const rectify = (x: Tensor): Tensor => runKernel('Relu', { x });

export const cast = (x: Tensor, dtype: DType, storage?: StorageDType): Tensor =>
  runKernel('Cast', { x }, { dtype, ...held(storage) });
