/** Models that we saved, opened by Python's transformers: equal logits, no name missing or unexpected. */
import { predict, useBackend, type Batch, type HostArray } from '@leantune/core';
import { loadBackend } from '@leantune/core/node';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { randomModel } from '../architecture/buildModel.js';
import { readModelConfig } from '../architecture/registry.js';
import { randomImageBatch, randomTextBatch } from '../testing/randomBatch.js';
import { runPython } from '../../../core/src/testing/python.js';
import { lackingTransformers } from '../testing/transformersReference.js';
import type { HeadOptions } from '../transformer/head.js';
import type { TransformerModel } from '../transformer/model.js';
import { loadModel } from './loadModel.js';
import { openWeights, saveSafetensors } from './openWeights.js';
import { readJson } from './readJson.js';
import { saveModel } from './saveModel.js';

const script = join(import.meta.dirname, '../testing/openSaved.py');
const root = mkdtempSync(join(tmpdir(), 'leantune-saved-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const classification: HeadOptions = { kind: 'classification', numberOfLabels: 3 };
const lm: HeadOptions = { kind: 'causal-lm' };
const sizes = {
  vocab_size: 40,
  hidden_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 36,
  max_position_embeddings: 20,
  initializer_range: 0.2,
};
const models: readonly (readonly [json: Readonly<Record<string, unknown>>, head: HeadOptions])[] = [
  [
    { model_type: 'bert', ...sizes },
    { kind: 'regression', numberOfLabels: 1 },
  ],
  [{ model_type: 'roberta', ...sizes, pad_token_id: 1 }, classification],
  [{ model_type: 'distilbert', vocab_size: 40, dim: 24, n_layers: 2, n_heads: 4, hidden_dim: 36 }, classification],
  [{ model_type: 'vit', ...sizes, image_size: 8, patch_size: 4 }, classification],
  [{ model_type: 'opt', ...sizes, ffn_dim: 36, word_embed_proj_dim: 10, do_layer_norm_before: false }, lm],
  [{ model_type: 'gpt2', vocab_size: 40, n_embd: 24, n_layer: 2, n_head: 4, n_positions: 20 }, lm],
  [{ model_type: 'llama', ...sizes, num_key_value_heads: 2, tie_word_embeddings: true }, lm],
  [{ model_type: 'llama', ...sizes, num_key_value_heads: 2, pad_token_id: 0 }, classification],
  [{ model_type: 'qwen2', ...sizes, num_key_value_heads: 2 }, lm],
  [
    {
      model_type: 'bart',
      vocab_size: 40,
      d_model: 24,
      encoder_layers: 1,
      decoder_layers: 2,
      encoder_ffn_dim: 36,
      decoder_ffn_dim: 36,
      encoder_attention_heads: 4,
      decoder_attention_heads: 4,
    },
    { kind: 'seq2seq-lm' },
  ],
];

/** Saves the model with a batch, as Python names its inputs. */
async function save(model: TransformerModel, batch: Batch, folder: string): Promise<void> {
  await saveModel(model, folder);
  const inputs = Object.entries(batch.inputs).map(([name, array]): [string, HostArray] => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    array,
  ]);
  await saveSafetensors(join(folder, 'inputs.safetensors'), Object.fromEntries(inputs), { integers: 'I64' });
}

interface Saved {
  readonly name: string;
  readonly folder: string;
  /** Logits of evaluation as we compute them. */
  readonly logits: Float32Array;
}

function batchFor(modelType: unknown, head: HeadOptions): Batch {
  if (modelType === 'vit') return randomImageBatch(3, [3, 3, 8, 8], head);
  const batch = randomTextBatch({ seed: 3, head, size: 3, length: 7, vocabularySize: 40, padding: 'none' });
  if (head.kind !== 'seq2seq-lm') return batch;
  return { ...batch, inputs: { ...batch.inputs, decoderInputIds: batch.inputs.inputIds! } };
}

async function saveAll(): Promise<Saved[]> {
  const saved: Saved[] = [];
  const add = async (name: string, model: TransformerModel, batch: Batch) => {
    const folder = join(root, String(saved.length));
    await save(model, batch, folder);
    saved.push({ name, folder, logits: predict(model, batch).logits });
    model.release();
  };
  for (const [json, head] of models) {
    const model = randomModel(readModelConfig(json), head, 4);
    await add(`${String(json.model_type)}, ${head.kind}`, model, batchFor(json.model_type, head));
  }
  const miniLm = await loadModel('minilm-l6', { head: classification });
  const options = { seed: 1, head: classification, size: 4, length: 32, vocabularySize: 30522, types: 2 };
  if (miniLm.random) miniLm.model.release();
  else await add('the real all-MiniLM-L6-v2 with a new head', miniLm.model, randomTextBatch(options));
  return saved;
}

const lacking = lackingTransformers();

if (lacking !== undefined) describe('saved models in Python', () => it.skip(lacking, () => undefined));
else {
  // Files are the same whichever backend wrote them; one Python opens them all.
  await useBackend(await loadBackend());
  const saved = await saveAll();
  await runPython([script, ...saved.map(({ folder }) => folder)]);
  describe('saved models in Python', () => {
    it.each(saved)('$name', async ({ folder, logits }) => {
      expect(await readJson(join(folder, 'report.json'))).toEqual({ missing_keys: [], unexpected_keys: [] });
      const golden = await openWeights(join(folder, 'logits.safetensors'));
      const expected = await golden.readFloat64('logits');
      await golden.close();
      expect(logits).toHaveLength(expected.length);
      const error = Math.max(...expected.map((value, index) => Math.abs(value - logits[index]!)));
      expect(error).toBeLessThan(5e-5);
    });

    const real = saved.some(({ name }) => name.includes('MiniLM'));
    if (!real) it.skip('skipped: no weights of all-MiniLM-L6-v2 in a cache or on the network', () => undefined);
  });
}
