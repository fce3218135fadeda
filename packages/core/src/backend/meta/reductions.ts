import { backend_util, util } from '@tensorflow/tfjs-core';
import { sumOfSquaresKernelName } from '../../kernels/reduce.js';
import { dtypeOf, input, promote, storageAttribute, type Inference } from './inference.js';

/** Shape after `axes` are reduced (all of them where none are named). */
function reduced(shape: readonly number[], axes: unknown, keepDims: unknown): number[] {
  const parsed = util.parseAxisParam((axes ?? null) as number | number[], [...shape]);
  const [output] = backend_util.computeOutAndReduceShapes([...shape], parsed);
  return keepDims === true ? backend_util.expandShapeToKeepDim(output, parsed) : output;
}

/** `axisName` is what tfjs calls the axes of this kernel. */
const reduction =
  (axisName: 'axis' | 'reductionIndices'): Inference =>
  (inputs, attributes) => {
    const x = input(inputs, 'x');
    return {
      shape: reduced(x.shape, attributes[axisName], attributes.keepDims),
      storage: storageAttribute(attributes, x.storage),
    };
  };

const mean: Inference = (inputs, attributes) => {
  const x = input(inputs, 'x');
  const storage = dtypeOf(x) === 'float32' ? x.storage : 'float32';
  return {
    shape: reduced(x.shape, attributes.axis, attributes.keepDims),
    storage: storageAttribute(attributes, storage),
  };
};

const indexOfExtreme: Inference = (inputs, attributes) => ({
  shape: reduced(input(inputs, 'x').shape, attributes.axis, false),
  storage: 'int32',
});

/** Matrix product over the last two axes; the leading ones are batches with broadcasting. */
export const batchMatMul: Inference = (inputs, attributes) => {
  const [a, b] = [input(inputs, 'a'), input(inputs, 'b')];
  const { transposeA = false, transposeB = false } = attributes;
  util.assert(
    a.shape.length >= 2 && b.shape.length >= 2 && dtypeOf(a) === 'float32' && dtypeOf(b) === 'float32',
    () => `expects float32 matrices, found ${dtypeOf(a)} [${a.shape.join()}] and ${dtypeOf(b)} [${b.shape.join()}]`,
  );
  const [rows, innerA] = lastTwo(a.shape, transposeA === true);
  const [innerB, columns] = lastTwo(b.shape, transposeB === true);
  util.assert(innerA === innerB, () => {
    const name = (shape: readonly number[], transposed: unknown) =>
      `[${shape.join()}]${transposed === true ? 'ᵀ' : ''}`;
    return `the inner sizes of ${name(a.shape, transposeA)} and ${name(b.shape, transposeB)} differ`;
  });
  const batches = backend_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  return { shape: [...batches, rows, columns], storage: storageAttribute(attributes, promote(a, b)) };
};

function lastTwo(shape: readonly number[], transposed: boolean): [number, number] {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
}

/** Kernels that sum up, by name. */
export const reductionKernels: Readonly<Record<string, Inference>> = {
  Sum: reduction('axis'),
  Min: reduction('axis'),
  Prod: reduction('axis'),
  Any: reduction('axis'),
  All: reduction('axis'),
  Max: reduction('reductionIndices'),
  Mean: mean,
  ArgMax: indexOfExtreme,
  ArgMin: indexOfExtreme,
  // A scalar that is read: in float32 whatever was summed.
  [sumOfSquaresKernelName]: () => ({ shape: [], storage: 'float32' }),
  BatchMatMul: batchMatMul,
};
