import { backend_util, gather_util, scatter_util, util, type Tensor } from '@tensorflow/tfjs-core';
import type { DType } from '../../tensor/dtype.js';
import {
  assertDType,
  assertSameDType,
  dtypeOf,
  input,
  promote,
  storageAttribute,
  type Inference,
  type Meta,
} from './inference.js';

/** What tfjs's checks read of a tensor. */
const described = (meta: Meta): Tensor =>
  ({ shape: [...meta.shape], rank: meta.shape.length, dtype: dtypeOf(meta) }) as unknown as Tensor;

const gather: Inference = (inputs, attributes) => {
  const [x, indices] = [input(inputs, 'x'), input(inputs, 'indices')];
  assertDType(indices, 'indices', 'int32');
  const axis = util.parseAxisParam((attributes.axis ?? 0) as number, [...x.shape])[0]!;
  const { collectGatherOpShapeInfo } = backend_util.segment_util;
  const { outputShape } = collectGatherOpShapeInfo(
    described(x),
    described(indices),
    axis,
    (attributes.batchDims ?? 0) as number,
  );
  return { shape: outputShape, storage: x.storage };
};

const gatherNd: Inference = (inputs) => {
  const [x, indices] = [input(inputs, 'params'), input(inputs, 'indices')];
  const [shape] = gather_util.prepareAndValidate(described(x), described(indices));
  return { shape, storage: x.storage };
};

const scatterNd: Inference = (inputs, attributes) => {
  const [indices, updates] = [input(inputs, 'indices'), input(inputs, 'updates')];
  const shape = attributes.shape as number[];
  scatter_util.validateInput(described(updates), described(indices), shape);
  return { shape, storage: updates.storage };
};

const tensorScatterUpdate: Inference = (inputs) => {
  const [tensor, indices, updates] = [input(inputs, 'tensor'), input(inputs, 'indices'), input(inputs, 'updates')];
  assertSameDType(tensor, updates);
  scatter_util.validateInput(described(updates), described(indices), [...tensor.shape]);
  return { shape: tensor.shape, storage: promote(tensor, updates) };
};

const oneHot: Inference = (inputs, attributes) => {
  const indices = input(inputs, 'indices');
  assertDType(indices, 'indices', 'int32');
  const dtype = (attributes.dtype ?? 'int32') as DType;
  return {
    shape: [...indices.shape, attributes.depth as number],
    storage: storageAttribute(attributes, dtype),
  };
};

/** Kernels that look up or write by index, by name. */
export const indexingKernels: Readonly<Record<string, Inference>> = {
  GatherV2: gather,
  GatherNd: gatherNd,
  ScatterNd: scatterNd,
  TensorScatterUpdate: tensorScatterUpdate,
  OneHot: oneHot,
};
