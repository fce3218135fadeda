/** Real models of two layers, random, as files: every command takes them for a model. */
import { useBackend } from '@leantune/core';
import { loadBackend } from '@leantune/core/node';
import { randomModel, readModelConfig } from '@leantune/models';
import { saveSafetensors } from '@leantune/models/node';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', ...'abcdefghijklmnopqrstuvwxyz'];
const config = {
  model_type: 'bert',
  vocab_size: vocabulary.length,
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 32,
  max_position_embeddings: 24,
};

/** A ViT that reads images of 32 × 32 pixels. */
const visionConfig = {
  model_type: 'vit',
  image_size: 32,
  patch_size: 8,
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 64,
};

/** BERT: config.json, model.safetensors and vocab.txt; it has 24 positions. */
export async function writeTinyCheckpoint(folder: string): Promise<void> {
  await writeModel(folder, config);
  writeFileSync(join(folder, 'vocab.txt'), vocabulary.join('\n'));
}

/** ViT without a head: config.json, model.safetensors and preprocessor_config.json. */
export async function writeTinyVision(folder: string): Promise<void> {
  await writeModel(folder, visionConfig, (name) => !name.startsWith('classifier.'));
  const processor = { size: { height: 32, width: 32 }, image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] };
  writeFileSync(join(folder, 'preprocessor_config.json'), JSON.stringify(processor));
}

async function writeModel(
  folder: string,
  config: Readonly<Record<string, unknown>>,
  keep: (name: string) => boolean = () => true,
): Promise<void> {
  await useBackend(await loadBackend('wasm'));
  const model = randomModel(readModelConfig(config), { kind: 'classification', numberOfLabels: 2 }, 1);
  mkdirSync(folder);
  const kept = [...model.namedParameters()].filter(([name]) => keep(name));
  const weights = kept.map(([name, parameter]) => {
    const data = Float32Array.from(parameter.read());
    return [name, { dtype: 'float32', shape: parameter.shape, data }] as const;
  });
  await saveSafetensors(join(folder, 'model.safetensors'), Object.fromEntries(weights));
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  model.release();
}
