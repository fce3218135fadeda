import { util } from '@tensorflow/tfjs-core';
import { equalShapes } from '../../tensor/dtype.js';
import {
  assertDType,
  assertSameDType,
  broadcast,
  dtypeOf,
  input,
  promote,
  storageAttribute,
  type Inference,
} from './inference.js';
import type { DType } from '../../tensor/dtype.js';

/** Kernels with NumPy broadcasting whose result has the inputs' element type. */
const binaryNames = [
  ...['Add', 'Sub', 'Multiply', 'RealDiv', 'FloorDiv', 'Mod', 'Pow', 'Maximum', 'Minimum', 'SquaredDifference'],
  ...['BitwiseAnd', 'BitwiseOr', 'BitwiseXor', 'LeftShift', 'RightShift'],
];
const comparisonNames = ['Equal', 'NotEqual', 'Less', 'LessEqual', 'Greater', 'GreaterEqual'];
const logicalNames = ['LogicalAnd', 'LogicalOr', 'LogicalXor'];
/** One input `x`, an output like it. */
const unaryNames = [
  ...[
    'Abs',
    'Neg',
    'Sign',
    'Square',
    'Sqrt',
    'Rsqrt',
    'Reciprocal',
    'Exp',
    'Expm1',
    'Log',
    'Log1p',
    'Erf',
    'Sin',
    'Cos',
  ],
  ...['Tanh', 'Sigmoid', 'Softplus', 'Relu', 'Relu6', 'LeakyRelu', 'Elu', 'Step', 'Floor', 'Ceil', 'Round'],
  ...['ClipByValue', 'ZerosLike', 'OnesLike', 'Cumsum', 'Reverse'],
];
const predicateNames = ['IsNan', 'IsInf', 'IsFinite'];

const binary: Inference = (inputs, attributes) => {
  const [a, b] = [input(inputs, 'a'), input(inputs, 'b')];
  assertSameDType(a, b);
  return { shape: broadcast(a, b), storage: storageAttribute(attributes, promote(a, b)) };
};

const comparison: Inference = (inputs) => {
  const [a, b] = [input(inputs, 'a'), input(inputs, 'b')];
  assertSameDType(a, b);
  return { shape: broadcast(a, b), storage: 'bool' };
};

const logical: Inference = (inputs) => {
  const [a, b] = [input(inputs, 'a'), input(inputs, 'b')];
  assertDType(a, 'a', 'bool');
  assertDType(b, 'b', 'bool');
  return { shape: broadcast(a, b), storage: 'bool' };
};

const unary: Inference = (inputs, attributes) => {
  const { shape, storage } = input(inputs, 'x');
  return { shape, storage: storageAttribute(attributes, storage) };
};

const predicate: Inference = (inputs) => ({ shape: input(inputs, 'x').shape, storage: 'bool' });

const softmax: Inference = (inputs, attributes) => {
  const { shape, storage } = input(inputs, 'logits');
  return { shape, storage: storageAttribute(attributes, storage) };
};

/** Keeps the storage of an equal element type, so that a cast to float32 does not widen bfloat16. */
const cast: Inference = (inputs, attributes) => {
  const x = input(inputs, 'x');
  const dtype = attributes.dtype as DType;
  const otherwise = dtype === dtypeOf(x) ? x.storage : dtype;
  return { shape: x.shape, storage: storageAttribute(attributes, otherwise) };
};

/** The condition has the shape of both values, or one element for each row of them. */
const select: Inference = (inputs) => {
  const [condition, t, e] = [input(inputs, 'condition'), input(inputs, 't'), input(inputs, 'e')];
  assertDType(condition, 'condition', 'bool');
  assertSameDType(t, e);
  util.assert(equalShapes(t.shape, e.shape), () => `"t" is [${t.shape.join()}], but "e" is [${e.shape.join()}]`);
  const fits = equalShapes(condition.shape, t.shape) || equalShapes(condition.shape, t.shape.slice(0, 1));
  util.assert(fits, () => `"condition" [${condition.shape.join()}] fits no value of [${t.shape.join()}]`);
  return { shape: t.shape, storage: promote(t, e) };
};

const all = (names: readonly string[], inference: Inference) =>
  Object.fromEntries(names.map((name) => [name, inference]));

/** Kernels that work on each element, by name. */
export const elementwiseKernels: Readonly<Record<string, Inference>> = {
  ...all(binaryNames, binary),
  ...all(comparisonNames, comparison),
  ...all(logicalNames, logical),
  ...all(unaryNames, unary),
  ...all(predicateNames, predicate),
  ...all(['Softmax', 'LogSoftmax'], softmax),
  LogicalNot: predicate,
  Cast: cast,
  Select: select,
};
