import {
  isLoaded,
  measureStepMemory,
  metaProvider,
  adamW,
  trainedParameters,
  useBackend,
  withParameterStorage,
  withSavingPolicy,
  type Batch,
  type StepMemory,
} from '@leantune/core';
import { randomModel, readModelConfig } from '@leantune/models';
import { beforeAll, describe, expect, it } from 'vitest';
import { applyMethods } from '../index.js';

/** Llama-2-7B's shape, with fewer layers. */
const [H, I, LAYERS, VOCABULARY] = [4096, 11008, 2, 32_000] as const;
const config = {
  model_type: 'llama',
  vocab_size: VOCABULARY,
  hidden_size: H,
  num_hidden_layers: LAYERS,
  num_attention_heads: 32,
  intermediate_size: I,
};
const [B, T, RANK] = [1, 256, 8] as const;

function batch(): Batch {
  const tokens = (value: number) => ({
    dtype: 'int32' as const,
    shape: [B, T],
    data: new Int32Array(B * T).fill(value),
  });
  return { size: B, length: T, inputs: { inputIds: tokens(7), attentionMask: tokens(1) }, labels: tokens(7) };
}

/** In bfloat16, as the published scripts hold everything that is not quantised. */
function measure(spelling: string): {
  readonly memory: StepMemory;
  readonly total: number;
  readonly trainable: number;
} {
  return withParameterStorage('bfloat16', () => {
    const model = randomModel(readModelConfig(config), { kind: 'causal-lm' }, 0);
    applyMethods(model, spelling);
    const trained = trainedParameters(model);
    const optimizer = adamW({ learningRate: 0 }).create(trained);
    const memory = withSavingPolicy('lean', () =>
      measureStepMemory(model, optimizer, trained, batch(), { seed: 0, microStep: 0 }),
    );
    const counts = model.parameterCounts();
    optimizer.release();
    model.release();
    return { memory, ...counts };
  });
}

const linearWeights = LAYERS * (4 * H * H + 3 * H * I);
/** Embedding, output matrix, and two norms a layer and the last. */
const others = 2 * VOCABULARY * H + (2 * LAYERS + 1) * H;
/** A and B at query and value. */
const updates = LAYERS * 2 * RANK * 2 * H;

/** Half a byte a weight; a byte for each block of 64, 4 for each 256 blocks, and 4 a layer for their mean. */
const quantizedBytes = () => {
  const sizes = [...Array<number>(4).fill(H * H), ...Array<number>(3).fill(H * I)];
  const bytes = sizes.map((size) => size / 2 + size / 64 + 4 * Math.ceil(size / 64 / 256) + 4);
  return LAYERS * bytes.reduce((sum, value) => sum + value, 0);
};

describe('memory of QLoRA', () => {
  beforeAll(async () => {
    const meta = await metaProvider().load();
    if (!isLoaded(meta)) throw new Error(meta.reason);
    await useBackend(meta);
  });

  it('is static what is held: codes and scales, the rest in bfloat16, gradients and moments of the updates', () => {
    const { memory, total, trainable } = measure('qlora');
    expect(trainable).toBe(updates);
    expect(total).toBe(linearWeights + others + updates);
    // Parameter, gradient and two moments of the updates.
    expect(memory.staticBytes).toBe(quantizedBytes() + 2 * others + 2 * 4 * updates);
    expect(memory.categories.parameters).toBe(quantizedBytes() + 2 * others + 2 * updates);
    const lora = measure('lora');
    expect(lora.trainable).toBe(trainable);
    expect(lora.total).toBe(total);
    expect(lora.memory.staticBytes - memory.staticBytes).toBe(2 * linearWeights - quantizedBytes());
    // 4 bits and 0.127 for the scales of 16: the linear weights take a quarter and a bit.
    expect(quantizedBytes() / (2 * linearWeights)).toBeCloseTo((4 + 8 / 64 + 32 / (64 * 256)) / 16, 4);
  });

  it('keeps nothing that was dequantised: the backward pass holds what that of LoRA holds', () => {
    const [quantized, plain] = [measure('qlora'), measure('lora')];
    expect(quantized.memory.savedBytes).toBe(plain.memory.savedBytes);
    expect(quantized.memory.savedBytesByLayer).toEqual(plain.memory.savedBytesByLayer);
    // At any moment at most one weight is there in numbers.
    const largest = 2 * H * I;
    expect(quantized.memory.activationBytes - plain.memory.activationBytes).toBeLessThanOrEqual(largest);
  });

  it('holds plain scales without double quantisation, and fewer in larger blocks', () => {
    const bytes = (spelling: string) => measure(spelling).memory.staticBytes;
    const scales = (blockSize: number) => (4 * linearWeights) / blockSize;
    const codes = linearWeights / 2 + 2 * others + 2 * 4 * updates;
    expect(bytes('qlora(doubleQuant=false)')).toBe(codes + scales(64));
    expect(bytes('qlora(doubleQuant=false,blockSize=256)')).toBe(codes + scales(256));
  });
});
