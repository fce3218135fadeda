import {
  getKernel,
  registerKernel,
  unregisterKernel,
  type KernelBackend,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { OutOfMemoryError } from '../errors/errors.js';
import { messages } from '../messages.js';
import { dynamicCodebook, nf4Codebook } from '../quantization/codebooks.js';
import { absmaxBlockSize } from '../quantization/quantize.js';
import { registerAdamWKernel } from './adamWUpdate.js';
import { dequantizeNf4KernelName, type Nf4KernelAttributes } from './dequantizeNf4.js';
import { sumOfSquaresKernelName } from './reduce.js';

/** The parts of the WebAssembly backend that we need beyond `KernelBackend`. */
interface HeapBackend extends KernelBackend {
  /** A live view of a tensor's memory. */
  typedArrayFromHeap(info: TensorInfo): Float32Array | Int32Array;
  /** A tensor whose memory holds anything. */
  makeOutput(shape: number[], dtype: 'float32'): TensorInfo;
  readonly dataIdMap: { get(dataId: object): { readonly id: number; readonly memoryOffset: number } };
  readonly wasm: {
    /** Address of new memory; 0 where there is none. */
    _malloc: (bytes: number) => number;
    _free: (address: number) => void;
    readonly tfjs: {
      registerTensor(id: number, size: number, memoryOffset: number): void;
      disposeData(id: number): void;
    };
  };
}

/** What a 32-bit address reaches. */
const HEAP_LIMIT_BYTES = 2 ** 32;

/**
 * The backend takes address 0, which is how `_malloc` says that the heap is full, for memory like any other: the kernel
 * would overwrite what lies there and go on. Sizes of 4 GiB and more would wrap around.
 */
function refuseFailedAllocations({ wasm }: HeapBackend): void {
  wasm._free(wasm._malloc(1)); // emscripten puts the real function in place at the first call
  const allocate = wasm._malloc;
  wasm._malloc = (bytes) => {
    const address = bytes < HEAP_LIMIT_BYTES ? allocate(bytes) : 0;
    if (address !== 0 || bytes === 0) return address;
    throw new OutOfMemoryError(messages.wasmHeapFull(bytes), {
      code: 'LEANTUNE_OUT_OF_MEMORY',
      remedy: messages.backendOutOfMemoryRemedy(),
      requestedBytes: bytes,
    });
  };
}

/**
 * Where XNNPACK finds no room for its packed copy of `b`, it writes to the console and leaves the product as it was:
 * asks for the same memory first. Columns are packed in groups of 8 with one more row for the bias.
 */
function assertRoomForProduct({ wasm }: HeapBackend, a: TensorInfo, b: TensorInfo): void {
  const [rows] = a.shape as [number];
  const [inner, columns] = b.shape as [number, number];
  const floatBytes = 4;
  const product = wasm._malloc(floatBytes * rows * columns);
  try {
    wasm._free(wasm._malloc(floatBytes * (inner + 8) * (columns + 8)));
  } finally {
    wasm._free(product);
  }
}

/**
 * XNNPACK keeps packed copies of matrices that it multiplied by, under their id: forgetting and registering the same
 * memory anew drops them. Without this a matrix changed in place would still multiply as it was.
 */
function forgetPackedCopies(heap: HeapBackend, info: TensorInfo, size: number): void {
  const { id, memoryOffset } = heap.dataIdMap.get(info.dataId);
  heap.wasm.tfjs.disposeData(id);
  heap.wasm.tfjs.registerTensor(id, size, memoryOffset);
}

/**
 * The backend multiplies transposed matrices with a plain loop, 5 times slower than XNNPACK does plain ones: matrices
 * are transposed first. (Batches of matrices have the loop only.)
 */
function registerMatMulWithoutTransposes(): void {
  const original = getKernel('BatchMatMul', 'wasm');
  const transpose = getKernel('Transpose', 'wasm');
  unregisterKernel('BatchMatMul', 'wasm');
  registerKernel({
    ...original,
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { transposeA = false, transposeB = false } = attrs as { transposeA?: boolean; transposeB?: boolean };
      const temporaries: TensorInfo[] = [];
      const plain = (matrix: TensorInfo, isTransposed: boolean): TensorInfo => {
        if (!isTransposed) return matrix;
        const result = transpose.kernelFunc({ inputs: { x: matrix }, attrs: { perm: [1, 0] }, backend }) as TensorInfo;
        temporaries.push(result);
        return result;
      };
      const { a, b } = inputs as { a: TensorInfo; b: TensorInfo };
      if (a.shape.length !== 2 || b.shape.length !== 2)
        return original.kernelFunc({ inputs, attrs: { transposeA, transposeB }, backend });
      try {
        const plainInputs = { a: plain(a, transposeA), b: plain(b, transposeB) };
        assertRoomForProduct(backend as HeapBackend, plainInputs.a, plainInputs.b);
        return original.kernelFunc({
          inputs: plainInputs,
          attrs: { transposeA: false, transposeB: false },
          backend,
        });
      } finally {
        for (const { dataId } of temporaries) (backend as KernelBackend).disposeData(dataId);
      }
    },
  });
}

/** One pass over the heap: the squares as a tensor would count in the peak, which must be the same on every backend. */
function registerSumOfSquares(): void {
  registerKernel({
    kernelName: sumOfSquaresKernelName,
    backendName: 'wasm',
    kernelFunc: ({ inputs, backend }): TensorInfo => {
      const heap = backend as HeapBackend;
      let total = 0;
      for (const value of heap.typedArrayFromHeap(inputs.x as TensorInfo)) total += value * value;
      const dataId = heap.write(Float32Array.of(total / 2), [], 'float32');
      return { dataId, shape: [], dtype: 'float32' };
    },
  });
}

/** One pass over the heap. */
function registerDequantizeNf4(): void {
  registerKernel({
    kernelName: dequantizeNf4KernelName,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs, backend }): TensorInfo => {
      const heap = backend as HeapBackend;
      const { shape, blockSize } = attrs as unknown as Nf4KernelAttributes;
      const output = heap.makeOutput([...shape], 'float32'); // first: views of the heap do not outlive its growth
      const values = heap.typedArrayFromHeap(output);
      const view = (name: string) => heap.typedArrayFromHeap(inputs[name]!);
      const codes = view('codes');
      const absmax = view('absmax');
      const nested = inputs.nestedAbsmax === undefined ? undefined : view('nestedAbsmax');
      const offset = nested === undefined ? 0 : view('nestedOffset')[0]!;
      const scaleOf = (block: number): number => {
        if (nested === undefined) return absmax[block]!;
        const code = (absmax[block >> 2]! >>> (24 - 8 * (block & 3))) & 255;
        const scale = Math.fround(dynamicCodebook[code]! * nested[Math.floor(block / absmaxBlockSize)]!);
        return Math.fround(scale + offset);
      };
      for (let start = 0, block = 0; start < values.length; start += blockSize, block++) {
        const scale = scaleOf(block);
        const end = Math.min(start + blockSize, values.length);
        for (let index = start; index < end; index++) {
          values[index] = nf4Codebook[(codes[index >> 3]! >>> (28 - 4 * (index & 7))) & 15]! * scale;
        }
      }
      return output;
    },
  });
}

let registered = false;

/**
 * What the WebAssembly backend does better with our own kernels: matrix products of transposed matrices, sums of
 * squares and AdamW in place over the heap (one pass instead of fourteen), without temporaries.
 */
export function registerWasmKernels(backend: KernelBackend): void {
  if (registered) return;
  registered = true;
  registerMatMulWithoutTransposes();
  registerSumOfSquares();
  registerDequantizeNf4();
  const heap = backend as HeapBackend;
  refuseFailedAllocations(heap);
  registerAdamWKernel('wasm', (targets, gradientInfo, settings) => {
    const parameter = heap.typedArrayFromHeap(targets.parameter);
    const first = heap.typedArrayFromHeap(targets.firstMoment);
    const second = heap.typedArrayFromHeap(targets.secondMoment);
    const gradient = heap.typedArrayFromHeap(gradientInfo);
    const { beta1, beta2, epsilon, gradientScale = 1 } = settings;
    const keep = 1 - settings.learningRate * settings.weightDecay;
    const stepSize = settings.learningRate / (1 - beta1 ** settings.step);
    const correction = Math.sqrt(1 - beta2 ** settings.step);
    for (let i = 0; i < parameter.length; i++) {
      const g = gradient[i]! * gradientScale;
      const m = beta1 * first[i]! + (1 - beta1) * g;
      const v = beta2 * second[i]! + (1 - beta2) * g * g;
      first[i] = m;
      second[i] = v;
      parameter[i] = parameter[i]! * keep - (stepSize * m) / (Math.sqrt(v) / correction + epsilon);
    }
    forgetPackedCopies(heap, targets.parameter, parameter.length);
  });
}
