import { type ClipByValueAttrs, type LeakyReluAttrs, type StepAttrs } from '@tensorflow/tfjs-core';
import type { DType } from '@leantune/core';
import { elementTypeOf } from '@leantune/core/backend';
import { registerEncoded, registerTorchKernel, type StorageAttribute } from './register.js';

/** Kernels of one input `x`. */
const unary = [
  ...['Abs', 'Acos', 'Acosh', 'Asin', 'Asinh', 'Atan', 'Atanh', 'Ceil', 'Cos', 'Cosh', 'Elu', 'Erf', 'Exp', 'Expm1'],
  ...['Floor', 'IsFinite', 'IsInf', 'IsNan', 'Log', 'Log1p', 'LogicalNot', 'Neg', 'OnesLike', 'Reciprocal', 'Relu'],
  ...['Relu6', 'Round', 'Rsqrt', 'Selu', 'Sigmoid', 'Sign', 'Sin', 'Sinh', 'Softplus', 'Sqrt', 'Square', 'Tan', 'Tanh'],
  'ZerosLike',
];

/** Kernels of `a` and `b` with NumPy broadcasting. */
const binary = [
  ...['Add', 'Atan2', 'Equal', 'FloorDiv', 'Greater', 'GreaterEqual', 'Less', 'LessEqual', 'LogicalAnd', 'LogicalOr'],
  ...['LogicalXor', 'Maximum', 'Minimum', 'Mod', 'Multiply', 'NotEqual', 'Pow', 'RealDiv', 'SquaredDifference', 'Sub'],
];

export function registerElementwiseKernels(): void {
  for (const name of unary) registerEncoded(name, (call, { x }) => call.tensor(x));
  for (const name of binary) registerEncoded(name, (call, { a, b }) => call.tensor(a).tensor(b));
  registerEncoded('Prelu', (call, { x, alpha }) => call.tensor(x).tensor(alpha));
  registerEncoded('AddN', (call, inputs) => call.tensors(Object.values(inputs).filter((term) => term !== undefined)));
  registerEncoded<ClipByValueAttrs>('ClipByValue', (call, { x }, { clipValueMin, clipValueMax }) =>
    call.tensor(x).number(clipValueMin).number(clipValueMax),
  );
  registerEncoded<LeakyReluAttrs>('LeakyRelu', (call, { x }, { alpha }) => call.tensor(x).number(alpha));
  registerEncoded<StepAttrs>('Step', (call, { x }, { alpha }) => call.tensor(x).number(alpha ?? 0));
  registerEncoded('Select', (call, { condition, t, e }) => call.tensor(condition).tensor(t).tensor(e));
  registerTorchKernel<{ dtype: DType } & StorageAttribute>('Cast', ({ inputs, attrs, backend }) => {
    const x = inputs.x!;
    const held = backend.storageOf(x.dataId);
    // A cast to float32 does not widen what is held as bfloat16.
    const wanted = attrs.storage ?? (elementTypeOf(held) === attrs.dtype ? held : attrs.dtype);
    if (wanted === held) return backend.view(x, x.shape);
    return backend.run('Cast', (call) => call.tensor(x).storage(wanted));
  });
}
