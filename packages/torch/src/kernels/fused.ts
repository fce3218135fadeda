import type { NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import {
  absmaxBlockSize,
  activationGradientKernelName,
  activationKernelName,
  activationNames,
  affineKernelName,
  applyKeepMaskKernelName,
  attentionGradientKernelName,
  attentionKernelName,
  biasedMatMulKernelName,
  dequantizeNf4KernelName,
  dropoutKernelName,
  dynamicCodebook,
  keepMaskKernelName,
  nf4Codebook,
  normGradientKernelName,
  normKernelName,
  type ActivationName,
  type FusedAttention,
  type Nf4KernelAttributes,
  type StreamKey,
} from '@leantune/core/backend';
import type { CallWriter } from '../backend/call.js';
import { registerEncoded, registerTorchKernel } from './register.js';

/** A flag, and the tensor where there is one. */
function optional(call: CallWriter, tensor: TensorInfo | undefined): CallWriter {
  call.flag(tensor !== undefined);
  return tensor === undefined ? call : call.tensor(tensor);
}

interface DropoutAttributes {
  readonly rate: number;
  readonly seed: StreamKey;
}

function registerDropout(): void {
  const stream = (call: CallWriter, { rate, seed }: DropoutAttributes) =>
    call.number(rate).number(seed[0]).number(seed[1]);
  registerEncoded<DropoutAttributes & { shape: number[] }>(keepMaskKernelName, (call, _inputs, attributes) =>
    stream(call.numbers(attributes.shape), attributes),
  );
  registerEncoded<{ rate: number }>(applyKeepMaskKernelName, (call, { x, mask }, { rate }) =>
    call.tensor(x).tensor(mask).number(rate),
  );
  registerEncoded<DropoutAttributes>(dropoutKernelName, (call, { x, rows }, attributes) =>
    stream(optional(call.tensor(x), rows), attributes),
  );
}

interface NormAttributes {
  readonly epsilon: number;
  readonly wantsNormalised: boolean;
}

interface NormGradientAttributes {
  readonly centred: boolean;
  readonly raw: boolean;
  readonly needsX: boolean;
  readonly needsWeight: boolean;
  readonly needsBias: boolean;
}

function registerNorms(): void {
  registerTorchKernel<NormAttributes>(
    normKernelName,
    ({ inputs: { x, weight, bias }, attrs: { epsilon, wantsNormalised }, backend }) =>
      backend.runAll(normKernelName, (call) =>
        optional(call.tensor(x).tensor(weight), bias).number(epsilon).flag(wantsNormalised),
      ),
  );
  registerTorchKernel<NormGradientAttributes>(normGradientKernelName, ({ inputs, attrs, backend }) =>
    backend.runAll(normGradientKernelName, (call) => {
      call.tensor(inputs.gradOutput).tensor(inputs.weight).tensor(inputs.values);
      for (const each of [inputs.rstd, inputs.mean]) optional(call, each);
      const { centred, raw, needsX, needsWeight, needsBias } = attrs;
      for (const flag of [centred, raw, needsX, needsWeight, needsBias]) call.flag(flag);
    }),
  );
  registerEncoded(affineKernelName, (call, { value, weight, bias }) => call.tensor(value).tensor(weight).tensor(bias));
}

/** `composed` asks for the version of devices that no loop is written for, for tests. */
interface AttentionAttributes extends FusedAttention {
  readonly composed?: boolean;
}

interface AttentionGradientAttributes extends AttentionAttributes {
  readonly needsQuery: boolean;
  readonly needsKey: boolean;
  readonly needsValue: boolean;
}

function registerAttention(): void {
  const encode = (call: CallWriter, inputs: NamedTensorInfoMap, attributes: AttentionAttributes): CallWriter => {
    const { heads, keyValueHeads, scaling, absolute, rate, length, blockSize, streams, composed } = attributes;
    call.tensor(inputs.query).tensor(inputs.key);
    for (const each of [inputs.value, inputs.maskKeys, inputs.causalQueries, inputs.causalKeys]) optional(call, each);
    call.number(heads).number(keyValueHeads).number(scaling).flag(absolute);
    call.number(rate).number(length).number(blockSize).numbers(streams.flat());
    return optional(call, inputs.rows).flag(composed);
  };
  registerEncoded<AttentionAttributes>(attentionKernelName, encode);
  registerTorchKernel<AttentionGradientAttributes>(attentionGradientKernelName, ({ inputs, attrs, backend }) =>
    backend.runAll(attentionGradientKernelName, (call) => {
      encode(call, inputs, attrs).tensor(inputs.gradOutput);
      for (const flag of [attrs.needsQuery, attrs.needsKey, attrs.needsValue]) call.flag(flag);
    }),
  );
}

/** Kernels of core's ops that do the work of several. */
export function registerFusedKernels(): void {
  const activation = (name: ActivationName) => activationNames.indexOf(name);
  registerEncoded<{ name: ActivationName }>(activationKernelName, (call, { x }, { name }) =>
    call.tensor(x).number(activation(name)),
  );
  registerEncoded<{ name: ActivationName }>(activationGradientKernelName, (call, { gradOutput, at }, { name }) =>
    call.tensor(gradOutput).tensor(at).number(activation(name)),
  );
  registerEncoded<{ transposeB: boolean }>(biasedMatMulKernelName, (call, { a, b, bias }, { transposeB }) =>
    call.tensor(a).tensor(b).tensor(bias).flag(transposeB),
  );
  registerDropout();
  registerNorms();
  registerAttention();
  registerEncoded<Nf4KernelAttributes>(dequantizeNf4KernelName, (call, inputs, { shape, blockSize }) => {
    const { codes, absmax, nestedAbsmax, nestedOffset } = inputs;
    optional(call.tensor(codes).tensor(absmax), nestedAbsmax);
    if (nestedAbsmax !== undefined) call.tensor(nestedOffset);
    call.number(absmaxBlockSize).numbers([...dynamicCodebook]);
    call
      .numbers(shape)
      .number(blockSize)
      .numbers([...nf4Codebook]);
  });
}
