import {
  getKernel,
  registerKernel,
  unregisterKernel,
  util,
  type KernelFunc,
  type NamedAttrMap,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { computeFlat, runFlat } from './flatProgram.js';

/**
 * tfjs's shaders read int32 as float32, which is exact up to 2^24: beyond are places in large logits, words of packed bits
 * and fixed-point numbers. Kernels of int32 that leantune runs with such values are exact here; other forms stay tfjs's.
 */
export function registerIntegerKernels(backend: WebGPUBackend): void {
  for (const [name, operator] of [
    ['Add', '+'],
    ['Sub', '-'],
    ['Multiply', '*'],
  ] as const) {
    override(name, (inputs) => {
      const { a, b } = inputs as { a: TensorInfo; b: TensorInfo };
      return isWhole(a) && isWhole(b) ? binary(backend, operator, a, b) : undefined;
    });
  }
  override('Slice', (inputs, attributes) => slice(backend, inputs.x!, attributes));
  override('Concat', (inputs, attributes) => concatenate(backend, Object.values(inputs), attributes));
  override('GatherV2', (inputs, attributes) => gather(backend, inputs.x!, inputs.indices!, attributes));
  override('ScatterNd', (inputs, attributes) => scatterAdd(backend, inputs.indices!, inputs.updates!, attributes));
}

type Inputs = Readonly<Record<string, TensorInfo | undefined>>;

/** Puts `kernel` before tfjs's own, which runs where it returns nothing. */
function override(
  kernelName: string,
  kernel: (inputs: Inputs, attributes: NamedAttrMap) => TensorInfo | undefined,
): void {
  const original = getKernel(kernelName, 'webgpu');
  unregisterKernel(kernelName, 'webgpu');
  const kernelFunc: KernelFunc = (call) => kernel(call.inputs, call.attrs ?? {}) ?? original.kernelFunc(call);
  registerKernel({ ...original, kernelFunc });
}

const isWhole = ({ dtype }: TensorInfo) => dtype === 'int32';

/** Modulo 2^32, of equal shapes or with one number. */
function binary(backend: WebGPUBackend, operator: string, A: TensorInfo, B: TensorInfo): TensorInfo | undefined {
  const [sizeA, sizeB] = [util.sizeFromShape(A.shape), util.sizeFromShape(B.shape)];
  if (!util.arraysEqual(A.shape, B.shape) && sizeB !== 1 && sizeA !== 1) return undefined;
  const shape = sizeA > sizeB || (sizeA === sizeB && A.shape.length >= B.shape.length) ? A.shape : B.shape;
  const body = `result[i] = A[i % uniforms.sizeA] ${operator} B[i % uniforms.sizeB];`;
  const name = `integer${operator}`;
  return computeFlat(backend, { name, inputs: { A, B }, integers: { sizeA, sizeB }, body }, shape, 'int32');
}

/** Rows that lie together. */
function slice(backend: WebGPUBackend, A: TensorInfo, attributes: NamedAttrMap): TensorInfo | undefined {
  const { begin, size } = attributes as unknown as { begin: number[]; size: number[] };
  const extents = A.shape.map((extent, axis) => (size[axis] === -1 ? extent - begin[axis]! : size[axis]!));
  const isTogether = extents.every((extent, axis) => axis === 0 || extent === A.shape[axis]);
  if (!isWhole(A) || A.shape.length === 0 || begin.length !== A.shape.length || !isTogether) return undefined;
  const offset = begin[0]! * util.sizeFromShape(A.shape.slice(1));
  const body = 'result[i] = A[i + uniforms.offset];';
  return computeFlat(backend, { name: 'integerSlice', inputs: { A }, integers: { offset }, body }, extents, 'int32');
}

/** One after the other along the first axis. */
function concatenate(
  backend: WebGPUBackend,
  tensors: readonly (TensorInfo | undefined)[],
  attributes: NamedAttrMap,
): TensorInfo | undefined {
  const given = tensors.filter((tensor) => tensor !== undefined);
  if (attributes.axis !== 0 || !given.every(isWhole)) return undefined;
  const rows = given.reduce((total, { shape }) => total + shape[0]!, 0);
  const output = backend.makeTensorInfo([rows, ...given[0]!.shape.slice(1)], 'int32');
  let offset = 0;
  for (const A of given) {
    const threads = util.sizeFromShape(A.shape);
    const body = 'result[i + uniforms.offset] = A[i];';
    runFlat(backend, { name: 'integerConcat', inputs: { A }, integers: { offset }, threads, body }, output);
    offset += threads;
  }
  return output;
}

/** Rows of the first axis; zeros for a row that does not exist. */
function gather(
  backend: WebGPUBackend,
  A: TensorInfo,
  Indices: TensorInfo,
  { axis, batchDims }: NamedAttrMap,
): TensorInfo | undefined {
  if (axis !== 0 || batchDims !== 0 || !isWhole(Indices)) return undefined;
  const columns = util.sizeFromShape(A.shape.slice(1));
  const body = `
    let row = Indices[i / uniforms.columns];
    if (row >= 0 && row < uniforms.rows) { result[i] = A[row * uniforms.columns + i % uniforms.columns]; }
    else { result[i] = ${A.dtype === 'float32' ? '0.0' : '0'}; }`;
  const program = { name: 'gatherRows', inputs: { A, Indices }, integers: { columns, rows: A.shape[0]! }, body };
  return computeFlat(backend, program, [...Indices.shape, ...A.shape.slice(1)], A.dtype);
}

/** Adds rows of float32 to zeros: a thread for each column, so that equal runs add in equal order, which atomics do not. */
function scatterAdd(
  backend: WebGPUBackend,
  Indices: TensorInfo,
  Updates: TensorInfo,
  attributes: NamedAttrMap,
): TensorInfo | undefined {
  const { shape } = attributes as unknown as { shape: number[] };
  if (Updates.dtype !== 'float32' || !isWhole(Indices) || Indices.shape.at(-1) !== 1) return undefined;
  const output = computeFlat(backend, { name: 'zeros', inputs: {}, body: 'result[i] = 0.0;' }, shape, 'float32');
  const columns = util.sizeFromShape(shape.slice(1));
  const body = `
    for (var update = 0; update < uniforms.count; update++) {
      let row = Indices[update];
      if (row < 0 || row >= uniforms.rows) { continue; }
      let place = row * uniforms.columns + i;
      result[place] = result[place] + Updates[update * uniforms.columns + i];
    }`;
  const integers = { columns, rows: shape[0]!, count: util.sizeFromShape(Indices.shape) };
  runFlat(backend, { name: 'scatterRows', inputs: { Indices, Updates }, integers, threads: columns, body }, output);
  return output;
}
