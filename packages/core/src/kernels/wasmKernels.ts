import type { KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';
import { registerAdamWKernel } from './adamWUpdate.js';

/** The parts of the WebAssembly backend that we need beyond `KernelBackend`. */
interface HeapBackend extends KernelBackend {
  /** A live view of a tensor's memory. */
  typedArrayFromHeap(info: TensorInfo): Float32Array;
  readonly dataIdMap: { get(dataId: object): { readonly id: number; readonly memoryOffset: number } };
  readonly wasm: {
    readonly tfjs: {
      registerTensor(id: number, size: number, memoryOffset: number): void;
      disposeData(id: number): void;
    };
  };
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

/** In-place kernels over the WebAssembly heap: one pass instead of fourteen, no temporaries. */
export function registerWasmKernels(backend: KernelBackend): void {
  const heap = backend as HeapBackend;
  registerAdamWKernel('wasm', (targets, gradientInfo, settings) => {
    const parameter = heap.typedArrayFromHeap(targets.parameter);
    const first = heap.typedArrayFromHeap(targets.firstMoment);
    const second = heap.typedArrayFromHeap(targets.secondMoment);
    const gradient = heap.typedArrayFromHeap(gradientInfo);
    const { beta1, beta2, epsilon, gradientScale } = settings;
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
