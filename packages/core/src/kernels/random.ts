import type { StreamKey } from '../random/stream.js';
import type { Tensor } from '../tensor/tensor.js';
import { runKernel } from './dispatch.js';

/** Name of the kernel that every backend of leantune registers: see `registerPortableKernels`. */
export const uniformKernelName = 'LeantuneStatelessUniform';

/**
 * Uniform float32 values in [0, 1) of a counter-based stream: the bits of TensorFlow's StatelessRandomUniform with
 * seed `key`, on every backend.
 */
export function uniform(shape: readonly number[], key: StreamKey): Tensor {
  return runKernel(uniformKernelName, {}, { shape: [...shape], seed: [...key] });
}
