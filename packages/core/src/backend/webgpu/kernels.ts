import {
  engine,
  registerKernel,
  type NamedTensorMap,
  type Tensor as TfTensor,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { registerAdamWKernel } from '../../kernels/adamWUpdate.js';
import { dequantizeNf4KernelName, type Nf4KernelAttributes } from '../../kernels/dequantizeNf4.js';
import { sumOfSquaresKernelName } from '../../kernels/reduce.js';
import { dynamicCodebook, nf4Codebook } from '../../quantization/codebooks.js';
import { absmaxBlockSize } from '../../quantization/quantize.js';
import { computeFlat, runFlat } from './flatProgram.js';
import { registerIntegerKernels } from './integerKernels.js';

const backendName = 'webgpu';

/** Kernels of ours: in place, without temporaries that would count in the peak, or exact where tfjs's are not. */
export function registerWebGpuKernels(backend: WebGPUBackend): void {
  registerAdamW(backend);
  registerSumOfSquares();
  registerDequantizeNf4(backend);
  registerIntegerKernels(backend);
}

function registerAdamW(backend: WebGPUBackend): void {
  registerAdamWKernel(backendName, ({ parameter, firstMoment, secondMoment }, Gradient, settings) => {
    const { learningRate, beta1, beta2, epsilon, step, weightDecay, gradientScale = 1 } = settings;
    runFlat(
      backend,
      {
        name: 'adamWFirstMoment',
        inputs: { Gradient },
        numbers: { decay: beta1, share: (1 - beta1) * gradientScale },
        body: 'result[i] = uniforms.decay * result[i] + uniforms.share * Gradient[i];',
      },
      firstMoment,
    );
    runFlat(
      backend,
      {
        name: 'adamWSecondMoment',
        inputs: { Gradient },
        numbers: { decay: beta2, share: 1 - beta2, gradientScale },
        body: `let g = uniforms.gradientScale * Gradient[i];
          result[i] = uniforms.decay * result[i] + uniforms.share * g * g;`,
      },
      secondMoment,
    );
    runFlat(
      backend,
      {
        name: 'adamWParameter',
        inputs: { First: firstMoment, Second: secondMoment },
        numbers: {
          kept: 1 - learningRate * weightDecay,
          stepSize: learningRate / (1 - beta1 ** step),
          correction: Math.sqrt(1 - beta2 ** step),
          epsilon,
        },
        body: `let denominator = sqrt(Second[i]) / uniforms.correction + uniforms.epsilon;
          result[i] = uniforms.kept * result[i] - uniforms.stepSize * First[i] / denominator;`,
      },
      parameter,
    );
  });
}

function registerSumOfSquares(): void {
  const kernelFunc = ({ inputs }: { readonly inputs: object }) =>
    engine().tidy(() => {
      const run = (name: string, given: NamedTensorMap, attributes = {}) =>
        engine().runKernel<TfTensor>(name, given, attributes);
      const squares = run('Square', inputs as NamedTensorMap);
      const total = run('Sum', { x: squares }, { axis: squares.shape.map((_, axis) => axis) });
      return run('Multiply', { a: total, b: engine().makeTensor(Float32Array.of(0.5), [], 'float32') });
    });
  registerKernel({ kernelName: sumOfSquaresKernelName, backendName, kernelFunc });
}

/** Bits of int32 words, which tfjs's kernels would round. */
function registerDequantizeNf4(backend: WebGPUBackend): void {
  registerKernel({
    kernelName: dequantizeNf4KernelName,
    backendName,
    kernelFunc: ({ inputs, attrs }): TensorInfo => {
      const { shape, blockSize } = attrs as unknown as Nf4KernelAttributes;
      const { codes, absmax, nestedAbsmax, nestedOffset } = inputs as Record<string, TensorInfo>;
      const table = (values: Float32Array) => backend.makeTensorInfo([values.length], 'float32', values.slice());
      const Values = table(nf4Codebook);
      const tables = [Values];
      let nested: Record<string, TensorInfo> = {};
      if (nestedAbsmax !== undefined) {
        const Scales = table(dynamicCodebook);
        tables.push(Scales);
        nested = { Scales, Nested: nestedAbsmax, Offset: nestedOffset! };
      }
      const scale =
        nestedAbsmax === undefined
          ? 'Absmax[block]'
          : `Scales[(u32(Absmax[block / 4]) >> u32(24 - 8 * (block % 4))) & 255u]
              * Nested[block / ${absmaxBlockSize}] + Offset[0]`;
      const output = computeFlat(
        backend,
        {
          name: nestedAbsmax === undefined ? 'nf4' : 'nf4Nested',
          inputs: { Codes: codes!, Absmax: absmax!, Values, ...nested },
          integers: { blockSize },
          body: `let block = i / uniforms.blockSize;
            let code = (u32(Codes[i / 8]) >> u32(28 - 4 * (i % 8))) & 15u;
            result[i] = Values[code] * (${scale});`,
        },
        shape,
        'float32',
      );
      for (const { dataId } of tables) backend.disposeData(dataId);
      return output;
    },
  });
}
