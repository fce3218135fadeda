/** Saved bytes under `pytorch` on the meta backend against those of PyTorch, transformers and PEFT, at their full size. */
import {
  adamW,
  measureStepMemory,
  metaProvider,
  trainedParameters,
  useBackend,
  withSavingPolicy,
} from '@leantune/core';
import type { LoadedBackend } from '@leantune/core';
import { applyMethods, methodNames } from '@leantune/methods';
import { randomModel, readModelConfig } from '@leantune/models';
import type { HeadOptions } from '@leantune/models';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { worstCaseBatch } from './worstCaseBatch.js';

interface HuggingFaceBytes {
  readonly results: readonly {
    readonly model: string;
    readonly method: string;
    readonly dropout: number;
    readonly attention: string;
    readonly total: number;
    readonly per: Readonly<Record<string, number>>;
  }[];
}

/** Sizes of the reference's models (goldens/bytes/hf.json, `models`). */
const models: Readonly<
  Record<
    string,
    { readonly config: Readonly<Record<string, unknown>>; readonly head: HeadOptions; readonly batch: number }
  >
> = {
  bert: {
    config: {
      model_type: 'bert',
      hidden_size: 384,
      num_hidden_layers: 6,
      num_attention_heads: 12,
      intermediate_size: 1536,
      vocab_size: 2048,
      pad_token_id: 0,
    },
    head: { kind: 'classification', numberOfLabels: 2 },
    batch: 8,
  },
  llama: {
    config: {
      model_type: 'llama',
      hidden_size: 256,
      num_hidden_layers: 4,
      num_attention_heads: 8,
      num_key_value_heads: 4,
      intermediate_size: 688,
      vocab_size: 2048,
      max_position_embeddings: 256,
      tie_word_embeddings: false,
    },
    head: { kind: 'causal-lm' },
    batch: 4,
  },
  opt: {
    config: {
      model_type: 'opt',
      hidden_size: 256,
      num_hidden_layers: 4,
      num_attention_heads: 8,
      ffn_dim: 688,
      vocab_size: 2048,
      max_position_embeddings: 256,
      word_embed_proj_dim: 256,
    },
    head: { kind: 'causal-lm' },
    batch: 4,
  },
};

const tokens = 128;

const spellings: Readonly<Record<string, string>> = {
  full: 'full',
  lora_qv: 'lora',
  lora_all_linear: 'lora(targets=all-linear)',
  bitfit: 'bitfit',
  head_only: 'head-only',
};

/** Of a frozen value PyTorch keeps the input of a LayerNorm whose bias is trained, though nothing needs it. */
const keepsFrozenInput = (method: string, layer: number) => method === 'bitfit' && layer === 0;

const file = join(
  resolve(process.env.LEANTUNE_SHARED ?? join(import.meta.dirname, '../../../../../shared')),
  'goldens/bytes/hf.json',
);

describe('saved bytes on meta', () => {
  if (!existsSync(file)) {
    it.skip('skipped: no goldens in ../shared (LEANTUNE_SHARED names the folder)', () => undefined);
    return;
  }
  const { results } = JSON.parse(readFileSync(file, 'utf8')) as HuggingFaceBytes;
  const rows = results.filter(
    ({ model, method, dropout, attention }) =>
      dropout === 0 && attention === 'eager' && model in models && spellings[method] !== undefined,
  );

  it.for(rows)('$model, $method: within 2 % of PyTorch, in all and in every layer', async (row, context) => {
    const method = spellings[row.method]!;
    const name = method.replace(/\(.*/, '');
    if (!methodNames().includes(name)) return context.skip(`there is no method ${name}`);
    await useBackend((await metaProvider().load()) as LoadedBackend);
    const { config, head, batch } = models[row.model]!;
    const model = randomModel(readModelConfig(config, { dropout: 0 }), head, 1);
    applyMethods(model, method);
    const trained = trainedParameters(model);
    const optimizer = adamW({ learningRate: 1e-4 }).create(trained);
    const { savedBytes, savedBytesByLayer } = withSavingPolicy('pytorch', () =>
      measureStepMemory(model, optimizer, trained, worstCaseBatch(model, config, batch, tokens), {
        seed: 1,
        microStep: 0,
      }),
    );
    optimizer.release();
    model.release();

    // With the head alone trained hardly a byte is kept: the total weight of the loss is 4 of 12 kB.
    expect(Math.abs(savedBytes / row.total - 1)).toBeLessThan(0.02);
    for (let layer = 0; layer < (config.num_hidden_layers as number); layer++) {
      const own = new RegExp(`layers?\\.${layer}(\\.|$)`);
      const bytes = Object.entries(savedBytesByLayer)
        .filter(([path]) => own.test(path))
        .reduce((sum, [, saved]) => sum + saved, 0);
      const expected = row.per[`layer${layer}`] ?? 0;
      if (!keepsFrozenInput(row.method, layer)) expect(Math.abs(bytes - expected)).toBeLessThanOrEqual(0.02 * expected);
      else expect(bytes).toBeLessThanOrEqual(expected);
    }
  });
});
