import { isLoaded, metaProvider, useBackend, type SavingPolicy } from '@leantune/core';
import { randomModel, readModelConfig } from '@leantune/models';
import { beforeAll, describe, expect, it } from 'vitest';
import { getMethod } from '../index.js';
import { measureStep } from '../testing/measureStep.js';
import { fullBatch } from '../testing/zeroBert.js';
import { layerBytes } from './layerMemory.js';

/** No reduction below divides the hidden size. */
const shape = { B: 2, T: 41, H: 128, F: 320, A: 4 } as const;
const [layers, more] = [2, 2];

function savedBytes(spelling: string, depth: number, policy: SavingPolicy): number {
  const config = {
    model_type: 'bert',
    vocab_size: 100,
    max_position_embeddings: 64,
    hidden_size: shape.H,
    intermediate_size: shape.F,
    num_attention_heads: shape.A,
    num_hidden_layers: depth,
    hidden_dropout_prob: 0.1,
    attention_probs_dropout_prob: 0.1,
  };
  const model = randomModel(readModelConfig(config), { kind: 'classification', numberOfLabels: 2 }, 0);
  return measureStep(model, spelling, policy, fullBatch(shape.B, shape.T)).savedBytes;
}

describe('adapters whose width is rounded down', () => {
  beforeAll(async () => {
    const meta = await metaProvider().load();
    if (!isLoaded(meta)) throw new Error(meta.reason);
    await useBackend(meta);
  });

  it.each([
    ['houlsby', 7],
    ['houlsby', 2.5],
    ['pfeiffer', 3],
    ['pfeiffer', 11],
  ])('%s(reduction=%d): a layer keeps what its formulas say', (name, reduction) => {
    for (const policy of ['lean', 'pytorch'] as const) {
      const saved = (depth: number) => savedBytes(`${name}(reduction=${reduction})`, depth, policy);
      const measured = (saved(layers + more) - saved(layers)) / more;
      expect([policy, layerBytes(getMethod(name).memory!, policy, { ...shape, reduction })]).toEqual([
        policy,
        measured,
      ]);
    }
  });
});
