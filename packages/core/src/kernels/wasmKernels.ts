import type { KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';
import { registerAdamWKernel } from './adamWUpdate.js';

/** The one method of the WebAssembly backend that we need beyond `KernelBackend`: a live view of a tensor's memory. */
interface HeapBackend extends KernelBackend {
  typedArrayFromHeap(info: TensorInfo): Float32Array;
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
  });
}
