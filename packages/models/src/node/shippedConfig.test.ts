import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { readShippedConfig, shippedConfigNames } from './shippedConfig.js';

// [short name, hub's name, layers, hidden features, heads, vocabulary (0 for images), longest input], from:
// BERT: Devlin et al. 2019, section 3. RoBERTa: Liu et al. 2019, table 9. BART: Lewis et al. 2020, section 2.2 (per stack).
// OPT: Zhang et al. 2022, table 1. Llama 2: Touvron et al. 2023, table 1. Llama 3: Llama Team 2024, table 3 and the model
// card of 3.2. ViT: Dosovitskiy et al. 2021, table 1. MiniLM: Wang et al. 2020, table 2. DistilBERT: Sanh et al. 2019,
// section 3. GPT-2: Radford et al. 2019, table 2. Qwen2: Yang et al. 2024, table 1. Vocabularies: the models' cards.
const published: [string, string, number, number, number, number, number][] = [
  ['all-MiniLM-L6-v2', 'sentence-transformers/all-MiniLM-L6-v2', 6, 384, 12, 30522, 512],
  ['bart-base', 'facebook/bart-base', 6, 768, 12, 50265, 1024],
  ['bart-large', 'facebook/bart-large', 12, 1024, 16, 50265, 1024],
  ['bert-base-uncased', 'google-bert/bert-base-uncased', 12, 768, 12, 30522, 512],
  ['bert-large-uncased', 'google-bert/bert-large-uncased', 24, 1024, 16, 30522, 512],
  ['distilbert-base-uncased', 'distilbert/distilbert-base-uncased', 6, 768, 12, 30522, 512],
  ['gpt2', 'openai-community/gpt2', 12, 768, 12, 50257, 1024],
  ['llama-2-7b', 'meta-llama/Llama-2-7b-hf', 32, 4096, 32, 32000, 4096],
  ['llama-3-8b', 'meta-llama/Meta-Llama-3-8B', 32, 4096, 32, 128256, 8192],
  ['llama-3.2-1b', 'meta-llama/Llama-3.2-1B', 16, 2048, 32, 128256, 131072],
  ['MiniLM-L12-H384-uncased', 'microsoft/MiniLM-L12-H384-uncased', 12, 384, 12, 30522, 512],
  ['opt-125m', 'facebook/opt-125m', 12, 768, 12, 50272, 2048],
  ['opt-350m', 'facebook/opt-350m', 24, 1024, 16, 50272, 2048],
  ['opt-1.3b', 'facebook/opt-1.3b', 24, 2048, 32, 50272, 2048],
  ['opt-2.7b', 'facebook/opt-2.7b', 32, 2560, 32, 50272, 2048],
  ['opt-6.7b', 'facebook/opt-6.7b', 32, 4096, 32, 50272, 2048],
  ['qwen2-0.5b', 'Qwen/Qwen2-0.5B', 24, 896, 14, 151936, 131072],
  ['roberta-base', 'FacebookAI/roberta-base', 12, 768, 12, 50265, 514],
  ['roberta-large', 'FacebookAI/roberta-large', 24, 1024, 16, 50265, 514],
  ['vit-base-patch16-224-in21k', 'google/vit-base-patch16-224-in21k', 12, 768, 12, 0, 0],
];

it.each(published)('%s (%s) has the published size', (name, id, layers, hidden, heads, vocabulary, positions) => {
  const found = readShippedConfig(name)!;
  const config = found.config as Readonly<Record<string, unknown>>;
  const first = (...keys: string[]) => keys.map((key) => config[key]).find((value) => value !== undefined) ?? 0;
  expect(found.id).toBe(id);
  expect([
    first('num_hidden_layers', 'n_layers', 'n_layer'),
    first('hidden_size', 'd_model', 'dim', 'n_embd'),
    first('num_attention_heads', 'encoder_attention_heads', 'n_heads', 'n_head'),
    first('vocab_size'),
    first('max_position_embeddings', 'n_positions'),
  ]).toEqual([layers, hidden, heads, vocabulary, positions]);
});

it('finds them by short name, hub name and alias in any case, and lists exactly the files', () => {
  expect(readShippedConfig('FACEBOOK/OPT-350M')).toEqual(readShippedConfig('opt-350m'));
  expect(readShippedConfig('minilm-L6')?.id).toBe('sentence-transformers/all-MiniLM-L6-v2');
  expect(readShippedConfig('opt-13b')).toBeUndefined();
  const files = readdirSync(resolve(import.meta.dirname, '../../configs')).map((file) => file.replace('.json', ''));
  expect(files.sort()).toEqual(shippedConfigNames().sort());
  expect(shippedConfigNames().sort()).toEqual(published.map(([name]) => name).sort());
});

it('holds what sets a family apart', () => {
  expect(readShippedConfig('opt-350m')!.config).toMatchObject({
    word_embed_proj_dim: 512,
    do_layer_norm_before: false,
  });
  expect(readShippedConfig('opt-125m')!.config).toMatchObject({ word_embed_proj_dim: 768, do_layer_norm_before: true });
  expect(readShippedConfig('llama-3.2-1b')!.config).toMatchObject({
    tie_word_embeddings: true,
    num_key_value_heads: 8,
    rope_theta: 500_000,
    rope_scaling: { rope_type: 'llama3', factor: 32, original_max_position_embeddings: 8192 },
  });
  expect(readShippedConfig('llama-2-7b')!.config).toMatchObject({
    tie_word_embeddings: false,
    num_key_value_heads: 32,
  });
});
