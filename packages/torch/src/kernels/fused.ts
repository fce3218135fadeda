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
  crossEntropyGradientKernelName,
  crossEntropyKernelName,
  dequantizeNf4KernelName,
  dropoutKernelName,
  dynamicCodebook,
  embeddingGradientKernelName,
  ignoredLabel,
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

/**
 * How attention is computed, in the order of `native/attention.cc`: the loops of the CPU, tensor operations in blocks of
 * queries, or libtorch's own kernels and blocks where it has none. What is best for the device, unless a test names one.
 */
const attentionWays = ['best', 'host', 'blocks', 'library'] as const;

interface AttentionAttributes extends FusedAttention {
  readonly way?: (typeof attentionWays)[number];
}

interface AttentionGradientAttributes extends AttentionAttributes {
  readonly needsQuery: boolean;
  readonly needsKey: boolean;
  readonly needsValue: boolean;
}

function registerAttention(): void {
  const encode = (call: CallWriter, inputs: NamedTensorInfoMap, attributes: AttentionAttributes): CallWriter => {
    const { heads, keyValueHeads, scaling, absolute, rate, length, blockSize, streams, way = 'best' } = attributes;
    call.tensor(inputs.query).tensor(inputs.key);
    for (const each of [inputs.value, inputs.maskKeys, inputs.causalQueries, inputs.causalKeys]) optional(call, each);
    call.number(heads).number(keyValueHeads).number(scaling).flag(absolute);
    call.number(rate).number(length).number(blockSize).numbers(streams.flat());
    return optional(call, inputs.rows).number(attentionWays.indexOf(way));
  };
  registerEncoded<AttentionAttributes>(attentionKernelName, encode);
  registerTorchKernel<AttentionGradientAttributes>(attentionGradientKernelName, ({ inputs, attrs, backend }) =>
    backend.runAll(attentionGradientKernelName, (call) => {
      encode(call, inputs, attrs).tensor(inputs.gradOutput);
      for (const flag of [attrs.needsQuery, attrs.needsKey, attrs.needsValue]) call.flag(flag);
    }),
  );
}

function registerCrossEntropy(): void {
  registerTorchKernel<{ wantsLogProbabilities: boolean }>(
    crossEntropyKernelName,
    ({ inputs: { logits, labels }, attrs: { wantsLogProbabilities }, backend }) =>
      backend.runAll(crossEntropyKernelName, (call) =>
        call.tensor(logits).tensor(labels).number(ignoredLabel).flag(wantsLogProbabilities),
      ),
  );
  registerEncoded<{ normalised: boolean }>(
    crossEntropyGradientKernelName,
    (call, { values, labels, weight }, { normalised }) =>
      call.tensor(values).tensor(labels).tensor(weight).number(ignoredLabel).flag(normalised),
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
  registerCrossEntropy();
  registerEncoded<{ vocabulary: number; paddingIndex: number }>(
    embeddingGradientKernelName,
    (call, { gradOutput, ids }, { vocabulary, paddingIndex }) =>
      call.tensor(gradOutput).tensor(ids).number(vocabulary).number(paddingIndex),
  );
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
