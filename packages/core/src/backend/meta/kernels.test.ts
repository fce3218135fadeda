import { engine, tensor, type NamedTensorMap, type Tensor as TfTensor } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasKernel } from '../../kernels/dispatch.js';
import { sumOfSquaresKernelName } from '../../kernels/reduce.js';
import { uniformKernelName } from '../../kernels/random.js';
import type { DType } from '../../tensor/dtype.js';
import { type LoadedBackend } from '../backend.js';
import { useBackend } from '../useBackend.js';
import { metaProvider } from './provider.js';
import { describeMissing, loadBackends } from '../../testing/loadedBackends.js';

type Given = readonly [shape: number[], dtype?: DType];
type Call = readonly [kernel: string, inputs: Readonly<Record<string, Given>> | readonly Given[], attributes?: object];

const x = (...shape: number[]) => ({ x: [shape] }) as const;
const both = (a: number[], b: number[], dtype: DType = 'float32') => ({ a: [a, dtype], b: [b, dtype] }) as const;

const broadcasts = [
  both([2, 3], [2, 3]),
  both([4, 1, 3], [2, 1]),
  both([], [5]),
  both([3, 1], []),
  both([0, 2], [1, 2]),
];
const each = (kernels: readonly string[], inputs: readonly Call[1][], attributes = {}): Call[] =>
  kernels.flatMap((kernel) => inputs.map((given): Call => [kernel, given, attributes]));

/** Every kernel with inputs whose outputs differ in shape or type; the real backends say what they are. */
const calls: readonly Call[] = [
  ...each(['Add', 'Sub', 'Multiply', 'RealDiv', 'Maximum', 'Minimum', 'Pow', 'SquaredDifference'], broadcasts),
  ...each(['Add', 'Sub', 'Multiply', 'FloorDiv', 'Maximum', 'Minimum'], [both([2, 3], [3], 'int32')]),
  ...each(['BitwiseAnd'], [both([2, 3], [2, 3], 'int32')]),
  ...each(['Equal', 'NotEqual', 'Less', 'LessEqual', 'Greater', 'GreaterEqual'], broadcasts),
  ...each(['LogicalAnd', 'LogicalOr'], [both([2, 3], [3], 'bool')]),
  ['LogicalNot', { x: [[2], 'bool'] }],
  ...each(['Abs', 'Neg', 'Square', 'Sqrt', 'Rsqrt', 'Exp', 'Log', 'Erf', 'Sin', 'Cos', 'Tanh', 'Sigmoid'], [x(2, 3)]),
  ...each(['Relu', 'Floor', 'Ceil', 'Round', 'ZerosLike'], [x(2, 3), x()]),
  ['Step', x(2, 3), { alpha: 0 }],
  ['Softmax', { logits: [[2, 3, 4]] }, { dim: 2 }],
  ['Cast', { x: [[2, 3], 'bool'] }, { dtype: 'float32' }],
  ['Cast', { x: [[2, 3]] }, { dtype: 'int32' }],
  ['Cast', { x: [[2, 3], 'int32'] }, { dtype: 'bool' }],
  ['Select', { condition: [[2, 3], 'bool'], t: [[2, 3]], e: [[2, 3]] }],
  ['Select', { condition: [[2], 'bool'], t: [[2, 3]], e: [[2, 3]] }],
  ...[[0], [1], [2], [0, 2], [-1], [0, 1, 2]].flatMap((axes) =>
    [true, false].flatMap((keepDims) => [
      ...each(['Sum', 'Mean', 'Min'], [x(2, 3, 4)], { axis: axes, keepDims }),
      ...each(['Max'], [x(2, 3, 4)], { reductionIndices: axes, keepDims }),
    ]),
  ),
  ['Sum', { x: [[2, 3], 'int32'] }, { axis: [1], keepDims: false }],
  ['ArgMax', x(2, 3, 4), { axis: 1 }],
  ['BatchMatMul', both([2, 3], [3, 4]), { transposeA: false, transposeB: false }],
  ['BatchMatMul', both([3, 2], [4, 3]), { transposeA: true, transposeB: true }],
  ['BatchMatMul', both([5, 2, 2, 3], [5, 2, 4, 3]), { transposeA: false, transposeB: true }],
  ['BatchMatMul', both([1, 2, 3], [5, 3, 4]), { transposeA: false, transposeB: false }],
  ['Reshape', x(2, 6), { shape: [3, 4] }],
  ['Reshape', x(2, 6), { shape: [-1, 2] }],
  ['Identity', x(2, 6)],
  ['ExpandDims', { input: [[2, 3]] }, { dim: 1 }],
  ['ExpandDims', { input: [[2, 3]] }, { dim: -1 }],
  ['Transpose', x(2, 3, 4), { perm: [2, 0, 1] }],
  ['Slice', x(4, 5), { begin: [1, 2], size: [2, -1] }],
  ['Slice', { x: [[4, 5], 'int32'] }, { begin: [0, 0], size: [4, 1] }],
  ['PadV2', x(2, 3), { paddings: [[1, 0], [0, 2]], constantValue: 0 }], // prettier-ignore
  ['Tile', x(2, 3), { reps: [2, 1] }],
  ['Concat', [[[2, 3]], [[1, 3]]], { axis: 0 }],
  ['Concat', [[[2, 3, 1]], [[2, 3, 4]]], { axis: -1 }],
  ['Pack', [[[2, 3]], [[2, 3]]], { axis: 1 }],
  ['Unpack', { value: [[2, 3]] }, { axis: 1 }],
  ['SplitV', x(2, 6), { numOrSizeSplits: 3, axis: 1 }],
  ['SplitV', x(2, 6), { numOrSizeSplits: [1, 3, 2], axis: -1 }],
  ['Fill', {}, { shape: [2, 3], value: 1, dtype: 'int32' }],
  ['Range', {}, { start: 0, stop: 5, step: 2, dtype: 'int32' }],
  ['Range', {}, { start: 5, stop: 0, step: -2, dtype: 'float32' }],
  ['GatherV2', { x: [[5, 3]], indices: [[4], 'int32'] }, { axis: 0, batchDims: 0 }],
  ['GatherV2', { x: [[5, 3]], indices: [[2, 4], 'int32'] }, { axis: 0, batchDims: 0 }],
  ['GatherV2', { x: [[2, 5, 3]], indices: [[2, 4], 'int32'] }, { axis: 1, batchDims: 1 }],
  ['GatherV2', { x: [[5, 3], 'int32'], indices: [[4], 'int32'] }, { axis: 1, batchDims: 0 }],
  ['GatherNd', { params: [[5, 3]], indices: [[4, 1], 'int32'] }],
  ['ScatterNd', { indices: [[4, 1], 'int32'], updates: [[4, 3]] }, { shape: [6, 3] }],
  ['TensorScatterUpdate', { tensor: [[6, 3]], indices: [[1, 1], 'int32'], updates: [[1, 3]] }],
  ['OneHot', { indices: [[2, 3], 'int32'] }, { depth: 4, onValue: 1, offValue: 0, dtype: 'int32' }],
  [uniformKernelName, {}, { shape: [2, 3], seed: [1, 2] }],
  [sumOfSquaresKernelName, x(2, 3)],
];

const meta = (await metaProvider().load()) as LoadedBackend;
const { loaded: computing, missing } = await loadBackends();
describeMissing(missing);

/** Shapes and element types of what a kernel returns for inputs of ones. */
function outputs([kernel, inputs, attributes]: Call) {
  const made: TfTensor[] = [];
  const make = ([shape, dtype = 'float32']: Given) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const values = dtype === 'bool' ? new Uint8Array(size).fill(1) : new Array<number>(size).fill(1);
    made.push(tensor(values, shape, dtype));
    return made.at(-1)!;
  };
  const given = Array.isArray(inputs)
    ? (inputs as Given[]).map(make)
    : Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, make(input)]));
  const result = engine().runKernel(kernel, given as unknown as NamedTensorMap, (attributes ?? {}) as never);
  const list = Array.isArray(result) ? result : [result];
  const described = list.map(({ shape, dtype }) => ({ shape, dtype }));
  for (const value of [...made, ...list]) value.dispose();
  return described;
}

describe.each(computing)('shapes and element types of $name', (backend) => {
  const expected = new Map<Call, unknown>();
  beforeAll(async () => {
    await useBackend(backend);
    for (const call of calls) if (hasKernel(call[0])) expected.set(call, outputs(call));
    await useBackend(meta);
  });
  afterAll(() => expect(meta.kernels.numDataIds()).toBe(0));

  it.each(calls.map((call) => ({ call, name: `${call[0]} ${JSON.stringify(call.slice(1))}` })))('$name', ({ call }) => {
    if (expected.has(call)) expect(outputs(call)).toEqual(expected.get(call));
  });

  it('lacks few of them', () => {
    const lacking = new Set(calls.filter((call) => !expected.has(call)).map(([kernel]) => kernel));
    expect([...lacking].length).toBeLessThan(3);
  });
});
