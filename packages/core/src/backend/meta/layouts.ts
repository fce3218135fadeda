import { backend_util, slice_util, util } from '@tensorflow/tfjs-core';
import { equalShapes, type DType } from '../../tensor/dtype.js';
import { dequantizeNf4KernelName } from '../../kernels/dequantizeNf4.js';
import { uniformKernelName } from '../../kernels/random.js';
import {
  assertSameDType,
  input,
  promote,
  storageAttribute,
  type Attributes,
  type Inference,
  type Meta,
  type MetaInputs,
} from './inference.js';

/** Kernels whose output shares the input's buffer. */
export const viewKernels: Readonly<Record<string, Inference>> = {
  Reshape: (inputs, { shape }) => {
    const { shape: before, storage } = input(inputs, 'x');
    return { shape: util.inferFromImplicitShape(shape as number[], util.sizeFromShape([...before])), storage };
  },
  ExpandDims: (inputs, { dim }) => {
    const { shape, storage } = input(inputs, 'input');
    const axis = (dim as number) < 0 ? (dim as number) + shape.length + 1 : (dim as number);
    return { shape: [...shape.slice(0, axis), 1, ...shape.slice(axis)], storage };
  },
  Identity: (inputs) => input(inputs, 'x'),
};

const transpose: Inference = (inputs, attributes) => {
  const { shape, storage } = input(inputs, 'x');
  const order = attributes.perm as readonly number[];
  util.assert(
    order.length === shape.length && new Set(order).size === order.length && order.every((axis) => axis in shape),
    () => `[${order.join()}] does not order the axes of [${shape.join()}]`,
  );
  return { shape: order.map((axis) => shape[axis]!), storage };
};

const slice: Inference = (inputs, attributes) => {
  const x = input(inputs, 'x');
  const info = { shape: [...x.shape] } as Parameters<typeof slice_util.assertParamsValid>[0];
  const [begin, size] = slice_util.parseSliceParams(info, attributes.begin as number[], attributes.size as number[]);
  slice_util.assertParamsValid(info, begin!, size!);
  return { shape: size!, storage: x.storage };
};

const pad: Inference = (inputs, attributes) => {
  const { shape, storage } = input(inputs, 'x');
  const paddings = attributes.paddings as readonly (readonly [number, number])[];
  util.assert(paddings.length === shape.length, () => `${paddings.length} paddings for [${shape.join()}]`);
  return { shape: paddings.map(([before, after], axis) => before + shape[axis]! + after), storage };
};

const tile: Inference = (inputs, attributes) => {
  const { shape, storage } = input(inputs, 'x');
  const repetitions = attributes.reps as readonly number[];
  util.assert(repetitions.length === shape.length, () => `${repetitions.length} repetitions of [${shape.join()}]`);
  return { shape: repetitions.map((times, axis) => times * shape[axis]!), storage };
};

const broadcastTo: Inference = (inputs, attributes) => {
  const { shape, storage } = input(inputs, 'x');
  const wanted = attributes.shape as number[];
  const common = backend_util.assertAndGetBroadcastShape([...shape], wanted);
  util.assert(equalShapes(common, wanted), () => `[${shape.join()}] does not broadcast to [${wanted.join()}]`);
  return { shape: wanted, storage };
};

/** The inputs of a list kernel: named 0, 1, … */
function listOf(inputs: MetaInputs): Meta[] {
  const list = Object.keys(inputs).map((name) => input(inputs, name));
  util.assert(list.length > 0, () => 'needs at least one input');
  assertSameDType(...list);
  return list;
}

function axisOf(attributes: Attributes, rank: number, name: 'axis' = 'axis'): number {
  return util.parseAxisParam((attributes[name] ?? 0) as number, new Array<number>(rank).fill(0))[0]!;
}

const concat: Inference = (inputs, attributes) => {
  const list = listOf(inputs);
  const shapes = list.map(({ shape }) => [...shape]);
  const axis = axisOf(attributes, shapes[0]!.length);
  backend_util.assertParamsConsistent(shapes, axis);
  return { shape: backend_util.computeOutShape(shapes, axis), storage: promote(...list) };
};

const pack: Inference = (inputs, attributes) => {
  const list = listOf(inputs);
  const { shape } = list[0]!;
  for (const other of list) util.assertShapesMatch([...shape], [...other.shape], 'its inputs differ: ');
  const axis = axisOf(attributes, shape.length + 1);
  return { shape: [...shape.slice(0, axis), list.length, ...shape.slice(axis)], storage: promote(...list) };
};

const unpack: Inference = (inputs, attributes) => {
  const { shape, storage } = input(inputs, 'value');
  const axis = axisOf(attributes, shape.length);
  const part = { shape: [...shape.slice(0, axis), ...shape.slice(axis + 1)], storage };
  return Array.from({ length: shape[axis]! }, () => part);
};

const split: Inference = (inputs, attributes) => {
  const { shape, storage } = input(inputs, 'x');
  const axis = axisOf(attributes, shape.length);
  const info = { shape: [...shape] } as Parameters<typeof backend_util.prepareSplitSize>[0];
  const sizes = backend_util.prepareSplitSize(info, attributes.numOrSizeSplits as number | number[], axis);
  return sizes.map((size) => ({ shape: shape.map((before, index) => (index === axis ? size : before)), storage }));
};

const fill: Inference = (_inputs, attributes) => {
  const dtype = (attributes.dtype ?? 'float32') as DType;
  return { shape: attributes.shape as number[], storage: storageAttribute(attributes, dtype) };
};

const range: Inference = (_inputs, attributes) => {
  const {
    start,
    stop,
    step,
    dtype = 'float32',
  } = attributes as { start: number; stop: number; step: number } & {
    dtype?: DType;
  };
  util.assert(step !== 0, () => 'its step is 0');
  const length = Math.max(0, Math.ceil((stop - start) / step));
  return { shape: [length], storage: storageAttribute(attributes, dtype) };
};

/** Held as float32: half the bits would not do for a probability. */
const uniform: Inference = (_inputs, attributes) => ({ shape: attributes.shape as number[], storage: 'float32' });

/** Numbers of a weight that is held in codes. */
const dequantizeNf4: Inference = (_inputs, attributes) => ({
  shape: attributes.shape as number[],
  storage: storageAttribute(attributes, 'float32'),
});

/** Kernels that arrange or make elements, by name. */
export const layoutKernels: Readonly<Record<string, Inference>> = {
  Transpose: transpose,
  Slice: slice,
  PadV2: pad,
  Tile: tile,
  BroadcastTo: broadcastTo,
  Concat: concat,
  Pack: pack,
  Unpack: unpack,
  SplitV: split,
  Fill: fill,
  Range: range,
  [uniformKernelName]: uniform,
  [dequantizeNf4KernelName]: dequantizeNf4,
};
