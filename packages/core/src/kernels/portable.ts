import { getKernel, registerKernel, util, type KernelBackend, type TensorInfo } from '@tensorflow/tfjs-core';
import { fillStatelessUniform } from '../random/statelessUniform.js';
import type { StreamKey } from '../random/stream.js';
import { registerPortableDequantizeNf4 } from './dequantizeNf4.js';
import { uniformKernelName } from './random.js';

/** Kernels that tfjs does not have, for every backend that brings no version of its own. Called when it becomes active. */
export function registerPortableKernels(backendName: string): void {
  registerPortableUniform(backendName);
  registerPortableDequantizeNf4(backendName);
}

/** Drawn on the host. */
function registerPortableUniform(backendName: string): void {
  if (getKernel(uniformKernelName, backendName) !== undefined) return;
  registerKernel({
    kernelName: uniformKernelName,
    backendName,
    kernelFunc: ({ attrs, backend }): TensorInfo => {
      const { shape, seed } = attrs as unknown as { shape: number[]; seed: StreamKey };
      const values = new Float32Array(util.sizeFromShape(shape));
      fillStatelessUniform(values, seed);
      const dataId = (backend as KernelBackend).write(values, shape, 'float32');
      return { dataId, shape, dtype: 'float32' };
    },
  });
}
