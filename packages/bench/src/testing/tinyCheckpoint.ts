/** A real BERT of two layers of 16, random, as files: every command takes it for a model. */
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

/** Writes config.json, model.safetensors and vocab.txt; it has 24 positions. */
export async function writeTinyCheckpoint(folder: string): Promise<void> {
  await useBackend(await loadBackend('wasm'));
  const model = randomModel(readModelConfig(config), { kind: 'classification', numberOfLabels: 2 }, 1);
  mkdirSync(folder);
  const weights = [...model.namedParameters()].map(([name, parameter]) => {
    const data = Float32Array.from(parameter.read());
    return [name, { dtype: 'float32', shape: parameter.shape, data }] as const;
  });
  await saveSafetensors(join(folder, 'model.safetensors'), Object.fromEntries(weights));
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'vocab.txt'), vocabulary.join('\n'));
  model.release();
}
