import { adamW, memoryMeter, train, useBackend, type LoadedBackend } from '@leantune/core';
import { applyMethods } from '@leantune/methods';
import { randomModel, readModelConfig } from '@leantune/models';
import { expect } from 'vitest';
import { randomBatch } from '../profile/randomBatch.js';

export const smallBertConfig = {
  ...{ model_type: 'bert', vocab_size: 97, hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 4 },
  ...{ intermediate_size: 64, hidden_act: 'gelu', max_position_embeddings: 24, type_vocab_size: 2 },
  ...{ layer_norm_eps: 1e-12, pad_token_id: 0, initializer_range: 0.02 },
};

/** Losses of `count` steps of a small BERT with dropout, and the memory of one; everything is released again. */
export async function trainSmallBert(backend: LoadedBackend, method: string, count: number) {
  await useBackend(backend);
  const model = randomModel(
    readModelConfig(smallBertConfig, { dropout: 0.1 }),
    { kind: 'classification', numberOfLabels: 2 },
    1,
  );
  try {
    applyMethods(model, method, { seed: 1 });
    const batch = randomBatch({ batchSize: 8, sequenceLength: 16 }, smallBertConfig.vocab_size);
    const batches = { length: count, epoch: () => Array.from({ length: count }, () => batch) };
    const optimizer = adamW({ learningRate: 1e-3, weightDecay: 0.01 });
    const { steps, memory } = await train(model, batches, { optimizer, epochs: 1, maxGradNorm: 1, seed: 2 });
    return { losses: steps.map(({ loss }) => loss), memory };
  } finally {
    model.release();
    expect(memoryMeter().liveBytes).toBe(0);
  }
}
