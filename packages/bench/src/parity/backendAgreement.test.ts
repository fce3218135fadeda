/** Twenty training steps of a small BERT: every backend that computes gives the losses and the bytes of the first one. */
import { adamW, isLoaded, memoryMeter, train, useBackend, type LoadedBackend } from '@leantune/core';
import { nodeProviders } from '@leantune/core/node';
import { applyMethods } from '@leantune/methods';
import { randomModel, readModelConfig } from '@leantune/models';
import { describe, expect, it } from 'vitest';
import { randomBatch } from '../profile/randomBatch.js';
import '../registry/backends.js';

const config = {
  ...{ model_type: 'bert', vocab_size: 97, hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 4 },
  ...{ intermediate_size: 64, hidden_act: 'gelu', max_position_embeddings: 24, type_vocab_size: 2 },
  ...{ layer_norm_eps: 1e-12, pad_token_id: 0, initializer_range: 0.02 },
};

const loaded: LoadedBackend[] = [];
const missing: string[] = [];
for (const provider of nodeProviders()) {
  const result = await provider.load(); // one after the other: tfjs activates what it loads
  if (isLoaded(result)) loaded.push(result);
  else missing.push(`${result.name}: ${result.reason}`);
}
const note = missing.length === 0 ? '' : ` (${missing.join('; ')})`;

async function trainOn(backend: LoadedBackend, method: string) {
  await useBackend(backend);
  const model = randomModel(
    readModelConfig(config, { dropout: 0.1 }),
    { kind: 'classification', numberOfLabels: 2 },
    1,
  );
  try {
    applyMethods(model, method, { seed: 1 });
    const batch = randomBatch({ batchSize: 8, sequenceLength: 16 }, config.vocab_size);
    const batches = { length: 20, epoch: () => Array.from({ length: 20 }, () => batch) };
    const optimizer = adamW({ learningRate: 1e-3, weightDecay: 0.01 });
    const { steps, memory } = await train(model, batches, { optimizer, epochs: 1, maxGradNorm: 1, seed: 2 });
    return { losses: steps.map(({ loss }) => loss), memory };
  } finally {
    model.release();
    expect(memoryMeter().liveBytes).toBe(0);
  }
}

describe.skipIf(loaded.length < 2)(`${loaded.map(({ name }) => name).join(', ')}${note}`, () => {
  it.each(['full', 'lora(rank=4)', 'tokentune(tokens=5)'])('agree on 20 steps of %s', async (method) => {
    const [first, ...others] = loaded as [LoadedBackend, ...LoadedBackend[]];
    const expected = await trainOn(first, method);
    expect(expected.losses).toHaveLength(20);
    expect(expected.losses.at(-1)).toBeLessThan(expected.losses[0]!);
    for (const backend of others) {
      const { losses, memory } = await trainOn(backend, method);
      const errors = losses.map((loss, step) => Math.abs(loss - expected.losses[step]!));
      expect(Math.max(...errors), backend.name).toBeLessThan(1e-5);
      expect(memory, backend.name).toEqual(expected.memory);
    }
  });
});
