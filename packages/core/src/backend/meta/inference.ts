import { backend_util, util } from '@tensorflow/tfjs-core';
import { elementTypeOf, type DType, type StorageDType } from '../../tensor/dtype.js';

/** What a kernel's output depends on: shape, element type and how the buffer is held. */
export interface Meta {
  readonly shape: readonly number[];
  readonly storage: StorageDType;
}

/** Inputs by name; lists (`Concat`, `Pack`) by index. */
export type MetaInputs = Readonly<Record<string, Meta | undefined>>;

/** Attributes as the caller of the kernel wrote them. */
export type Attributes = Readonly<Record<string, unknown>>;

/** Shapes and storage of the outputs of one kernel. @throws Error saying what does not fit */
export type Inference = (inputs: MetaInputs, attributes: Attributes) => Meta | readonly Meta[];

/** @throws Error where the kernel was called without it */
export function input(inputs: MetaInputs, name: string): Meta {
  const found = inputs[name];
  util.assert(found !== undefined, () => `input "${name}" is missing`);
  return found!;
}

export function dtypeOf({ storage }: Meta): DType {
  return elementTypeOf(storage);
}

/** @throws Error where element types differ: kernels convert nothing */
export function assertSameDType(...metas: readonly Meta[]): void {
  const types = metas.map(dtypeOf);
  util.assert(
    types.every((dtype) => dtype === types[0]),
    () => `its inputs have element types ${types.join(', ')}; cast them to one first`,
  );
}

export function assertDType(meta: Meta, name: string, expected: DType): void {
  util.assert(dtypeOf(meta) === expected, () => `"${name}" must be ${expected}, found ${dtypeOf(meta)}`);
}

export function broadcast(a: Meta, b: Meta): number[] {
  return backend_util.assertAndGetBroadcastShape([...a.shape], [...b.shape]);
}

/** Widest first; float16 and bfloat16 hold each other's values in float32 only. */
const widths: readonly StorageDType[] = ['float64', 'float32', 'bfloat16', 'float16', 'int32', 'int8', 'uint8', 'bool'];

/**
 * How a result of several inputs is held, by PyTorch's type promotion: the widest of the inputs; scalars only count where
 * there are no others; bfloat16 with float16 gives float32, int8 with uint8 int32.
 */
export function promote(...metas: readonly Meta[]): StorageDType {
  const arrays = metas.filter(({ shape }) => shape.length > 0);
  const held = new Set((arrays.length > 0 ? arrays : metas).map(({ storage }) => storage));
  if (held.has('bfloat16') && held.has('float16')) held.add('float32');
  if (held.has('int8') && held.has('uint8')) held.add('int32');
  return widths.find((storage) => held.has(storage))!;
}

/** Storage that an attribute names, else `otherwise`. */
export function storageAttribute({ storage }: Attributes, otherwise: StorageDType): StorageDType {
  return (storage as StorageDType | undefined) ?? otherwise;
}
