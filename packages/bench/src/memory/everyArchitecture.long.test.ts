/** Every registered method on every architecture with a shipped configuration, shrunk to toy size: meta against real steps. */
import {
  UsageError,
  adamW,
  measureStepMemory,
  memoryMeter,
  trainedParameters,
  useBackend,
  withSavingPolicy,
} from '@leantune/core';
import type { LoadedBackend, SavingPolicy, StepMemory } from '@leantune/core';
import { applyMethods, methodNames } from '@leantune/methods';
import { architectures, randomModel, readModelConfig } from '@leantune/models';
import type { HeadOptions } from '@leantune/models';
import { readShippedConfig, shippedConfigNames } from '@leantune/models/node';
import { describe, expect, it } from 'vitest';
import { worstCaseBatch } from './worstCaseBatch.js';
import { describeMissing, loadBackends, metaLike } from '../../../core/src/testing/loadedBackends.js';

type Config = Readonly<Record<string, unknown>>;

/**
 * Sizes by the names that configurations use, large enough for what methods insert by default; what is not named here
 * stays as published.
 */
const toySizes: Config = {
  ...{ hidden_size: 64, d_model: 64, dim: 64, n_embd: 64, word_embed_proj_dim: 64 },
  ...{ num_hidden_layers: 2, n_layers: 2, n_layer: 2, encoder_layers: 2, decoder_layers: 2 },
  ...{ num_attention_heads: 4, n_heads: 4, n_head: 4, encoder_attention_heads: 4, decoder_attention_heads: 4 },
  ...{ intermediate_size: 64, hidden_dim: 64, ffn_dim: 64, encoder_ffn_dim: 64, decoder_ffn_dim: 64, n_inner: 64 },
  ...{ vocab_size: 61, max_position_embeddings: 64, n_positions: 64, n_ctx: 64, image_size: 32 },
};

function shrunk(config: Config): Config {
  const entries = Object.entries(config).map(([key, value]) => {
    if (key === 'num_key_value_heads') return [key, value === config.num_attention_heads ? 4 : 2];
    // Special tokens must lie in the small vocabulary.
    if (/_token_id$/.test(key) && typeof value === 'number') return [key, value % 61];
    if (key === 'word_embed_proj_dim') return [key, value === config.hidden_size ? 64 : 32];
    return [key, key in toySizes ? toySizes[key] : value];
  });
  return Object.fromEntries(entries) as Config;
}

const headOf: Readonly<Record<string, HeadOptions>> = {
  classification: { kind: 'classification', numberOfLabels: 3 },
  'question-answering': { kind: 'question-answering' },
  'causal-lm': { kind: 'causal-lm' },
  'seq2seq-lm': { kind: 'seq2seq-lm' },
};

const spellings = [...methodNames(), 'lora+tokentune', 'tokentune(ratio=0.5)', 'lora(targets=all-linear,dropout=0.1)'];
const policies: readonly SavingPolicy[] = ['lean', 'pytorch'];

const { loaded: computing, missing } = await loadBackends();
describeMissing(missing);

/** Undefined where the method does not support the model. */
async function measure(
  backend: LoadedBackend,
  config: Config,
  head: HeadOptions,
  method: string,
  policy: SavingPolicy,
): Promise<StepMemory | undefined> {
  await useBackend(backend);
  const model = randomModel(readModelConfig(config, { dropout: 0.1 }), head, 1);
  try {
    applyMethods(model, method, { seed: 1 });
    const trained = trainedParameters(model);
    const optimizer = adamW({ learningRate: 0.1 }).create(trained);
    const batch = worstCaseBatch(model, config, 3, 12);
    const at = { seed: 1, microStep: 0, maxGradNorm: 1 };
    const memory = withSavingPolicy(policy, () => measureStepMemory(model, optimizer, trained, batch, at));
    optimizer.release();
    return memory;
  } catch (error) {
    if (error instanceof UsageError && error.code === 'LEANTUNE_METHOD_NOT_SUPPORTED') return undefined;
    throw error;
  } finally {
    model.release();
    expect(memoryMeter().liveBytes).toBe(0);
  }
}

const known = new Set(architectures.map(({ modelType }) => modelType));

/** Published sizes of one family differ in numbers that are shrunk: one of each kind is enough. */
const representatives = new Map<string, string>();
for (const name of shippedConfigNames()) {
  const config = shrunk(readShippedConfig(name)!.config as Config);
  const { model_type, num_key_value_heads, word_embed_proj_dim, do_layer_norm_before, tie_word_embeddings } = config;
  const structure = [model_type, num_key_value_heads, word_embed_proj_dim, do_layer_norm_before, tie_word_embeddings];
  representatives.set(JSON.stringify(structure), name);
}

describe.each([...representatives.values()])('%s at toy size', (name) => {
  const config = shrunk(readShippedConfig(name)!.config as Config);
  const modelType = String(config.model_type);
  if (!known.has(modelType)) return void it.skip(`skipped: no architecture ${modelType}`, () => undefined);
  const kinds = Object.keys(readModelConfig(config).classes).filter((kind) => kind in headOf);

  describe.each(kinds)('%s', (kind) => {
    it.for(spellings)('%s has the figures of a real step on meta', async (method, context) => {
      for (const policy of policies) {
        for (const backend of computing) {
          const expected = await measure(await metaLike(backend), config, headOf[kind]!, method, policy);
          if (expected === undefined) return context.skip(`${method} does not support it`);
          expect(await measure(backend, config, headOf[kind]!, method, policy), `${backend.name}, ${policy}`).toEqual(
            expected,
          );
        }
      }
    });
  });
});
