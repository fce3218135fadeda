import {
  engine,
  getKernel,
  registerKernel,
  type NamedAttrMap,
  type NamedTensorMap,
  type Tensor as TfTensor,
} from '@tensorflow/tfjs-core';
import { dynamicCodebook, nf4Codebook } from '../quantization/codebooks.js';
import { absmaxBlockSize } from '../quantization/quantize.js';
import type { StorageDType } from '../tensor/dtype.js';
import type { Tensor } from '../tensor/tensor.js';
import { runKernel } from './dispatch.js';

/** Name of the kernel that every backend of leantune registers: see `registerPortableDequantizeNf4`. */
export const dequantizeNf4KernelName = 'LeantuneDequantizeNf4';

/** What the kernel reads; words of codes hold the first one in their highest bits. */
export interface Nf4Inputs {
  /** 8 codes a word: int32 [⌈weights / 8⌉] */
  readonly codes: Tensor;
  /** Scale of every block: float32 [blocks], or 4 codes of scales a word: int32 [⌈blocks / 4⌉] */
  readonly absmax: Tensor;
  /** Scale of every 256 scales: float32 [⌈blocks / 256⌉], where the scales are codes. */
  readonly nestedAbsmax?: Tensor | undefined;
  /** What is added to every scale then: float32 [1] */
  readonly nestedOffset?: Tensor | undefined;
}

export interface Nf4Attributes {
  readonly shape: readonly number[];
  readonly blockSize: number;
}

/** Codebook value · scale of its block for every code: float32, held as `storage`, of `shape`. */
export function dequantizeNf4(inputs: Nf4Inputs, { shape, blockSize }: Nf4Attributes, storage: StorageDType): Tensor {
  const given = Object.entries(inputs).filter((entry): entry is [string, Tensor] => entry[1] !== undefined);
  return runKernel(dequantizeNf4KernelName, Object.fromEntries(given), { shape: [...shape], blockSize, storage });
}

/** What an implementation is called with. */
export interface Nf4KernelAttributes extends Nf4Attributes {
  readonly storage: StorageDType;
}

/**
 * The kernel out of tfjs's own ones, for a backend that brings no version of its own. What they use in between belongs to
 * the kernel, as a fused one's registers do.
 */
export function registerPortableDequantizeNf4(backendName: string): void {
  if (getKernel(dequantizeNf4KernelName, backendName) !== undefined) return;
  registerKernel({
    kernelName: dequantizeNf4KernelName,
    backendName,
    kernelFunc: ({ inputs, attrs }) =>
      engine().tidy(() => compose(inputs as NamedTensorMap, attrs as unknown as Nf4KernelAttributes)),
  });
}

type Attributes = Readonly<Record<string, unknown>>;

function run(
  name: string,
  inputs: Readonly<Record<string, TfTensor>> | readonly TfTensor[],
  attributes: Attributes = {},
) {
  return engine().runKernel<TfTensor>(name, inputs as NamedTensorMap, attributes as NamedAttrMap);
}

function compose(inputs: NamedTensorMap, { shape, blockSize, storage }: Nf4KernelAttributes): TfTensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const blocks = Math.ceil(size / blockSize);
  const values = lookUp(inputs.codes!, nf4Pairs(), size);
  const scales = inputs.nestedAbsmax === undefined ? inputs.absmax! : nestedScales(inputs, blocks);
  return run('Reshape', { x: scaleBlocks(values, scales, size, blockSize, { storage }) }, { shape: [...shape] });
}

/** codebook · absmax of 256 + offset, for every block. */
function nestedScales({ absmax, nestedAbsmax, nestedOffset }: NamedTensorMap, blocks: number): TfTensor {
  const values = lookUp(absmax!, dynamicCodebook, blocks);
  return run('Add', { a: scaleBlocks(values, nestedAbsmax!, blocks, absmaxBlockSize), b: nestedOffset! });
}

/** values [size] · scales [⌈size / blockSize⌉], each for `blockSize` values. */
function scaleBlocks(
  values: TfTensor,
  scales: TfTensor,
  size: number,
  blockSize: number,
  attributes: Attributes = {},
): TfTensor {
  const blocks = Math.ceil(size / blockSize);
  const missing = blocks * blockSize - size;
  const whole = missing === 0 ? values : run('PadV2', { x: values }, { paddings: [[0, missing]], constantValue: 0 });
  const product = run(
    'Multiply',
    {
      a: run('Reshape', { x: whole }, { shape: [blocks, blockSize] }),
      b: run('Reshape', { x: scales }, { shape: [blocks, 1] }),
    },
    attributes,
  );
  const flat = run('Reshape', { x: product }, { shape: [blocks * blockSize] });
  return missing === 0 ? flat : run('Slice', { x: flat }, { begin: [0], size: [size] });
}

/** The first `size` of the values that `table` has for the bytes of int32 words: [256 · n] holds n for every byte. */
function lookUp(words: TfTensor, table: Float32Array, size: number): TfTensor {
  const width = table.length / 256;
  const bytes = bytesOf(words); // [words, 4]
  // The first byte of a word carries its sign: -128 … 255, so the upper half of the table stands in front of it as well.
  const rows = Float32Array.from([...table.subarray(128 * width), ...table]);
  const values = run(
    'GatherV2',
    {
      x: engine().makeTensor(rows, [384, width], 'float32'),
      indices: run('Add', { a: bytes, b: whole(128) }),
    },
    { axis: 0, batchDims: 0 },
  );
  const flat = run('Reshape', { x: values }, { shape: [words.size * 4 * width] });
  return flat.size === size ? flat : run('Slice', { x: flat }, { begin: [0], size: [size] });
}

/** The four bytes of every word, highest first: int32 [words, 4]; the first one with the word's sign. */
function bytesOf(words: TfTensor): TfTensor {
  const bytes: TfTensor[] = [];
  let rest = words;
  for (const unit of [2 ** 24, 2 ** 16, 2 ** 8]) {
    const byte = run('FloorDiv', { a: rest, b: whole(unit) });
    bytes.push(byte);
    rest = run('Sub', { a: rest, b: run('Multiply', { a: byte, b: whole(unit) }) });
  }
  return run('Pack', [...bytes, rest], { axis: 1 });
}

function whole(value: number): TfTensor {
  return engine().makeTensor(Int32Array.of(value), [], 'int32');
}

let pairs: Float32Array | undefined;

/** The two values of every byte, the one of the higher half first: [256 · 2]. */
function nf4Pairs(): Float32Array {
  pairs ??= Float32Array.from(
    { length: 512 },
    (_, index) => nf4Codebook[index % 2 === 0 ? index >> 5 : (index >> 1) & 15]!,
  );
  return pairs;
}
