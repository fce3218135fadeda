/** What a package that brings a backend of its own needs of core: `@leantune/core/backend`. */
export { activateBackend } from './activate.js';
export { registerAdamWKernel } from '../kernels/adamWUpdate.js';
export type { AdamWKernel } from '../kernels/adamWUpdate.js';
export { uniformKernelName } from '../kernels/random.js';
export { activationGradientKernelName, activationKernelName, activationNames } from '../kernels/activation.js';
export type { ActivationName } from '../kernels/activation.js';
export { attentionGradientKernelName, attentionKernelName } from '../kernels/attention.js';
export type { FusedAttention } from '../kernels/attention.js';
export { applyKeepMaskKernelName, dropoutKernelName, keepMaskKernelName } from '../kernels/dropout.js';
export { dequantizeNf4KernelName } from '../kernels/dequantizeNf4.js';
export type { Nf4KernelAttributes } from '../kernels/dequantizeNf4.js';
export { dynamicCodebook, nf4Codebook } from '../quantization/codebooks.js';
export { absmaxBlockSize } from '../quantization/quantize.js';
export { affineKernelName, normGradientKernelName, normKernelName } from '../kernels/fusedNorm.js';
export { biasedMatMulKernelName } from '../kernels/linearAlgebra.js';
export { sumOfSquaresKernelName } from '../kernels/reduce.js';
export type { StreamKey } from '../random/stream.js';
export { elementTypeOf } from '../tensor/dtype.js';
