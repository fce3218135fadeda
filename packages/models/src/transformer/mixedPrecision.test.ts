import {
  adamW,
  memoryMeter,
  precisions,
  predict,
  train,
  type Precision,
  type PrecisionName,
  type StorageDType,
} from '@leantune/core';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import { architectures, readModelConfig } from '../architecture/registry.js';
import { randomModel } from '../architecture/buildModel.js';
import { saveModel } from '../node/saveModel.js';
import { saveSafetensors } from '../node/openWeights.js';
import { randomTextBatch } from '../testing/randomBatch.js';
import { runPython } from '../../../core/src/testing/python.js';
import { lackingTransformers } from '../testing/transformersReference.js';
import type { HeadOptions } from './head.js';

const shape = { vocab_size: 67, hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 4, intermediate_size: 64 };
const models = {
  bert: {
    config: { ...shape, model_type: 'bert', max_position_embeddings: 24, pad_token_id: 0 },
    head: { kind: 'classification', numberOfLabels: 2 },
  },
  llama: {
    config: { ...shape, model_type: 'llama', num_key_value_heads: 2, max_position_embeddings: 24, pad_token_id: 0 },
    head: { kind: 'causal-lm' },
  },
} satisfies Record<string, { config: Record<string, unknown>; head: HeadOptions }>;
type ModelName = keyof typeof models;

const runs = (['bert', 'llama'] as const).flatMap((name) =>
  (['bf16-mixed', 'fp16-mixed'] as const).map((precision) => [name, precision] as const),
);

const STEPS = 20;
const learningRate = 1e-3;
const maxGradNorm = 1;

const root = mkdtempSync(join(tmpdir(), 'leantune-mixed-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const lacking = lackingTransformers();

function makeModel(name: ModelName, precision: Precision) {
  const model = randomModel(readModelConfig(models[name].config, { dropout: 0 }), models[name].head, 3);
  model.autocast = precision.autocast;
  return model;
}

function batchOf(name: ModelName) {
  return randomTextBatch({ seed: 1, head: models[name].head, size: 8, length: 16, vocabularySize: shape.vocab_size });
}

/** Losses of training on one batch again and again, and that of evaluation at the end. */
async function lossesOf(name: ModelName, precisionName: PrecisionName) {
  const model = makeModel(name, precisions[precisionName]);
  try {
    const batch = batchOf(name);
    const batches = { length: STEPS, epoch: () => Array.from({ length: STEPS }, () => batch) };
    const { steps, memory } = await train(model, batches, {
      optimizer: adamW({ learningRate }),
      epochs: 1,
      maxGradNorm,
    });
    return { losses: steps.map(({ loss }) => loss), evaluated: predict(model, batch).loss, steps, memory };
  } finally {
    model.release();
    expect(memoryMeter().liveBytes).toBe(0);
  }
}

/** Writes weights and batch of a run for transformers. */
async function writeRun(name: ModelName, precision: PrecisionName): Promise<string> {
  const folder = join(root, `${name}-${precision}`);
  mkdirSync(folder);
  const model = makeModel(name, precisions.fp32);
  await saveModel(model, folder);
  model.release();
  const { inputs, labels } = batchOf(name);
  const { inputIds, attentionMask } = inputs;
  await saveSafetensors(
    join(folder, 'inputs.safetensors'),
    { input_ids: inputIds!, attention_mask: attentionMask!, labels },
    { integers: 'I64' },
  );
  const architecture = architectures.find(({ modelType }) => modelType === models[name].config.model_type)!;
  const { autocast: dtype }: Precision = precisions[precision];
  const run = { class: architecture.classes[models[name].head.kind], steps: STEPS, learningRate, maxGradNorm, dtype };
  writeFileSync(join(folder, 'run.json'), JSON.stringify(run));
  return folder;
}

/** Losses of all runs with transformers under torch.autocast, by the run; one process for all of them. */
async function trainWithTransformers(): Promise<Map<string, readonly number[]>> {
  const folders: string[] = [];
  for (const [name, precision] of runs) folders.push(await writeRun(name, precision));
  const script = join(import.meta.dirname, '../testing/mixedPrecision.py');
  const stdout = await runPython([script, ...folders]);
  const losses = JSON.parse(stdout) as number[][];
  return new Map(runs.map((run, index) => [run.join(), losses[index]!]));
}

const worst = (found: readonly number[], expected: readonly number[]) =>
  Math.max(...found.map((loss, step) => Math.abs(loss / expected[step]! - 1)));

await describeOnBackends('mixed precision', ({ name: backend, extendedStorage }) => {
  const holds = (dtype: StorageDType) => extendedStorage?.dtypes.includes(dtype) === true;

  it.each(runs)('%s in %s', async (name, precision) => {
    const dtype = precisions[precision].autocast;
    if (!holds(dtype)) {
      await expect(lossesOf(name, precision)).rejects.toThrow(`backend ${backend} cannot hold values as ${dtype}`);
      return;
    }
    const exact = await lossesOf(name, 'fp32');
    const mixed = await lossesOf(name, precision);
    expect(exact.losses.at(-1)).toBeLessThan(0.9 * exact.losses[0]!);
    expect(worst(mixed.losses, exact.losses)).toBeLessThan(0.02);
    expect(mixed.losses).not.toEqual(exact.losses); // half precision was computed in
    expect(Math.abs(mixed.evaluated / exact.evaluated - 1)).toBeLessThan(0.02);
    expect(mixed.steps.filter(({ skipped }) => skipped)).toEqual([]);
    expect(mixed.memory.staticBytes).toBe(exact.memory.staticBytes);
    expect(mixed.memory.savedBytes).toBeLessThan(exact.memory.savedBytes);
  });

  it.skipIf(lacking !== undefined)(
    `as transformers under autocast${lacking === undefined ? '' : ` (${lacking})`}`,
    { timeout: 300_000 },
    async () => {
      if (!holds('bfloat16')) return;
      const expected = await trainWithTransformers();
      for (const [name, precision] of runs) {
        const { losses } = await lossesOf(name, precision);
        expect(worst(losses, expected.get(`${name},${precision}`)!), `${name} in ${precision}`).toBeLessThan(0.01);
      }
    },
  );
});
