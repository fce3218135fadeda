import { engine, util, type BatchMatMulAttrs } from '@tensorflow/tfjs-core';
import { registerAdamWKernel, uniformKernelName, type StreamKey } from '@leantune/core/backend';
import type { TorchBackend } from '../backend/torchBackend.js';
import { backendName, registerEncoded, registerTorchKernel } from './register.js';

/** Core's own kernels, and matrix products. */
export function registerTraining(): void {
  registerEncoded<BatchMatMulAttrs>('BatchMatMul', (call, { a, b }, { transposeA, transposeB }) => {
    util.assert(
      a!.shape.length >= 2 && b!.shape.length >= 2,
      () => `BatchMatMul expects matrices, got [${a!.shape.join()}] and [${b!.shape.join()}]`,
    );
    call.tensor(a).tensor(b).flag(transposeA).flag(transposeB);
  });
  // `composed` asks for the version in which GPUs draw, for tests.
  registerTorchKernel<{ shape: number[]; seed: StreamKey; composed?: boolean }>(
    uniformKernelName,
    ({ attrs: { shape, seed, composed }, backend }) =>
      backend.run(uniformKernelName, (call) => call.numbers(shape).number(seed[0]).number(seed[1]).flag(composed)),
  );
  registerAdamWKernel(backendName, (targets, gradient, settings) => {
    const backend = engine().findBackend(backendName) as TorchBackend;
    backend.runAll('LeantuneAdamW', (call) => {
      const { parameter, firstMoment, secondMoment } = targets;
      for (const tensor of [parameter, firstMoment, secondMoment, gradient]) call.tensor(tensor);
      const { learningRate, beta1, beta2, epsilon, step, weightDecay, gradientScale = 1 } = settings;
      for (const value of [learningRate, beta1, beta2, epsilon, step, weightDecay, gradientScale]) call.number(value);
    });
  });
}
