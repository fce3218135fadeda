import {
  backend_util,
  slice_util,
  util,
  type BroadCastToAttrs,
  type ConcatAttrs,
  type ExpandDimsAttrs,
  type FillAttrs,
  type LinSpaceAttrs,
  type NamedTensorInfoMap,
  type PackAttrs,
  type PadV2Attrs,
  type RangeAttrs,
  type ReshapeAttrs,
  type ReverseAttrs,
  type SliceAttrs,
  type SplitVAttrs,
  type StridedSliceAttrs,
  type Tensor,
  type TensorInfo,
  type TileAttrs,
  type TransposeAttrs,
  type UnpackAttrs,
} from '@tensorflow/tfjs-core';
import { registerEncoded, registerTorchKernel, type StorageAttribute } from './register.js';

/** The inputs of a kernel that takes any number of them. */
function listOf(inputs: NamedTensorInfoMap): TensorInfo[] {
  return Object.values(inputs).filter((input) => input !== undefined);
}

/** Kernels whose result shares the input's buffer. */
function registerViews(): void {
  registerTorchKernel('Identity', ({ inputs: { x }, backend }) => backend.view(x!, x!.shape));
  registerTorchKernel<ReshapeAttrs>('Reshape', ({ inputs: { x }, attrs, backend }) => {
    const shape = util.inferFromImplicitShape(attrs.shape, util.sizeFromShape(x!.shape));
    util.assert(
      util.sizeFromShape(shape) === util.sizeFromShape(x!.shape),
      () => `[${x!.shape.join()}] cannot be reshaped to [${attrs.shape.join()}]`,
    );
    return backend.view(x!, shape);
  });
  registerTorchKernel<ExpandDimsAttrs>('ExpandDims', ({ inputs: { input }, attrs: { dim }, backend }) => {
    const { shape } = input!;
    util.assert(-(shape.length + 1) <= dim && dim <= shape.length, () => `axis ${dim} is not in [${shape.join()}]`);
    const axis = dim < 0 ? shape.length + dim + 1 : dim;
    return backend.view(input!, [...shape.slice(0, axis), 1, ...shape.slice(axis)]);
  });
}

/** Kernels that take parts of one tensor, or several together. */
function registerParts(): void {
  registerEncoded<SliceAttrs>('Slice', (call, { x }, attributes) => {
    const [begin, size] = slice_util.parseSliceParams(x as Tensor, attributes.begin, attributes.size);
    slice_util.assertParamsValid(x as Tensor, begin!, size!);
    call.tensor(x).numbers(begin!).numbers(size!);
  });
  registerTorchKernel<StridedSliceAttrs>('StridedSlice', ({ inputs: { x }, attrs: a, backend }) => {
    const info = slice_util.sliceInfo(
      x!.shape, a.begin, a.end, a.strides, a.beginMask, a.endMask, a.ellipsisMask, a.newAxisMask, a.shrinkAxisMask,
    ); // prettier-ignore
    const part = backend.run('StridedSlice', (call) =>
      call.tensor(x).numbers(info.begin).numbers(info.end).numbers(info.strides),
    );
    return { ...part, shape: info.finalShape };
  });
  registerEncoded<ConcatAttrs>('Concat', (call, inputs, attributes) => {
    const parts = listOf(inputs);
    const axis = util.parseAxisParam(attributes.axis, parts[0]!.shape)[0]!;
    const shapes = parts.map(({ shape }) => shape);
    backend_util.assertParamsConsistent(shapes, axis);
    call.tensors(parts).number(axis);
  });
  registerEncoded<PackAttrs>('Pack', (call, inputs, { axis }) => {
    const parts = listOf(inputs);
    for (const { shape, dtype } of parts) {
      util.assertShapesMatch(parts[0]!.shape, shape, 'All tensors passed to stack must have matching shapes');
      util.assert(dtype === parts[0]!.dtype, () => 'All tensors passed to stack must have matching dtypes');
    }
    call.tensors(parts).number(axis);
  });
  registerTorchKernel<UnpackAttrs>('Unpack', ({ inputs: { value }, attrs, backend }) => {
    const axis = util.parseAxisParam(attrs.axis, value!.shape)[0]!;
    return backend.runAll('Unpack', (call) => call.tensor(value).number(axis));
  });
  registerTorchKernel<SplitVAttrs>('SplitV', ({ inputs: { x }, attrs, backend }) => {
    const axis = util.parseAxisParam(attrs.axis, x!.shape)[0]!;
    const sizes = backend_util.prepareSplitSize(x as Tensor, attrs.numOrSizeSplits, axis);
    return backend.runAll('SplitV', (call) => call.tensor(x).numbers(sizes).number(axis));
  });
}

/** Kernels that move or repeat elements. */
function registerMoves(): void {
  registerEncoded<TransposeAttrs>('Transpose', (call, { x }, { perm }) => call.tensor(x).numbers(perm));
  registerEncoded<TileAttrs>('Tile', (call, { x }, { reps }) => call.tensor(x).numbers(reps));
  registerEncoded<BroadCastToAttrs>('BroadcastTo', (call, { x }, { shape }) => call.tensor(x).numbers(shape));
  registerEncoded<ReverseAttrs>('Reverse', (call, { x }, { dims }) =>
    call.tensor(x).numbers(util.parseAxisParam(dims, x!.shape)),
  );
  registerEncoded<PadV2Attrs>('PadV2', (call, { x }, { paddings, constantValue }) =>
    call
      .tensor(x)
      .numbers([...paddings].reverse().flat())
      .number(constantValue),
  );
}

/** Kernels without inputs. */
function registerMakers(): void {
  registerTorchKernel<FillAttrs & StorageAttribute>('Fill', ({ attrs, backend }) => {
    const { shape, value, storage } = attrs;
    const dtype = attrs.dtype ?? util.inferDtype(value);
    return backend.run('Fill', (call) =>
      call
        .numbers(shape)
        .number(value as number)
        .storage(storage ?? dtype),
    );
  });
  registerTorchKernel<RangeAttrs>('Range', ({ attrs: { start, stop, step, dtype }, backend }) => {
    const storage = dtype ?? 'float32';
    const by = stop < start && step === 1 ? -1 : step; // tfjs's default counts down too
    // A step in the wrong direction gives nothing, where libtorch refuses.
    const isEmpty = start === stop || start < stop !== by > 0;
    return isEmpty
      ? backend.run('Fill', (call) => call.numbers([0]).number(0).storage(storage))
      : backend.run('Range', (call) => call.number(start).number(stop).number(by).storage(storage));
  });
  registerTorchKernel<LinSpaceAttrs>('LinSpace', ({ attrs: { start, stop, num }, backend }) =>
    backend.run('LinSpace', (call) => call.number(start).number(stop).number(num)),
  );
}

export function registerLayouts(): void {
  registerViews();
  registerParts();
  registerMoves();
  registerMakers();
}
