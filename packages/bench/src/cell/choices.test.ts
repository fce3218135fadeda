/** Cells of an encoder on real questions with choices: each is read with its question, and a head learns which is right. */
import { useBackend } from '@leantune/core';
import { loadBackend } from '@leantune/core/node';
import { randomModel, readModelConfig } from '@leantune/models';
import { saveModel } from '@leantune/models/node';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingShared, sharedPath } from '../testing/shared.js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CellConfig } from './contract.js';
import { executeCell } from './executeCell.js';

const skipReason = missingShared('data/qa/openbookqa', 'data/qa/arc_easy');

const model = mkdtempSync(join(tmpdir(), 'leantune-choices-'));

const config = (task: string, method: string, training: Partial<CellConfig['training']>): CellConfig => ({
  model,
  task: { name: task, maxLength: 48, trainRows: 24, devRows: 16 },
  method,
  seed: 0,
  training: {
    epochs: 8,
    batchSize: 8,
    learningRate: 2e-3,
    optimizer: { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    weightDecay: 0.01,
    schedule: 'constant',
    warmupRatio: 0,
    maxGradNorm: 1,
    gradientAccumulation: 1,
    groupByLength: true,
    padding: 'longest',
    ...training,
  },
  saving: 'lean',
  backend: 'wasm',
  dropout: 0,
  limits: {},
});

const hooks = {
  onProgress: () => undefined,
  onLog: () => undefined,
  onStep: async () => undefined,
  breathe: async () => undefined,
};

/** A random BERT whose weights are large enough to tell questions apart, as files; its tokens are letters. */
async function writeModel(folder: string): Promise<void> {
  const letters = [...'abcdefghijklmnopqrstuvwxyz0123456789.,?'];
  const words = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', ...letters, ...letters.map((letter) => `##${letter}`)];
  const sizes = { hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 64 };
  const limits = { vocab_size: words.length, max_position_embeddings: 48, initializer_range: 0.2 };
  await useBackend(await loadBackend('wasm'));
  const model = randomModel(
    readModelConfig({ model_type: 'bert', ...sizes, ...limits }),
    { kind: 'multiple-choice' },
    1,
  );
  await saveModel(model, folder);
  writeFileSync(join(folder, 'vocab.txt'), words.join('\n'));
  model.release();
}

describe.skipIf(skipReason !== undefined)(`encoders${skipReason ? ` (skipped: ${skipReason})` : ''}`, () => {
  beforeAll(async () => {
    vi.stubEnv('LEANTUNE_DATA', sharedPath('data'));
    await writeModel(model);
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    rmSync(model, { recursive: true });
  });

  it.each([
    ['openbookqa', 'full', {}],
    ['openbookqa', 'lora(rank=8,targets=[attention.query,attention.value,ffn.up,ffn.down])', { learningRate: 1e-2 }],
    ['openbookqa', 'tokentune(ratio=0.5)', {}],
    // Published groups, and questions of three and five choices among those of four.
    ['arc_easy', 'tokentune(ratio=0.5,reference=true)', { epochs: 2 }],
  ])('learn %s with %s', async (task, method, training) => {
    const { epochs, metrics, loss } = await executeCell(config(task, method, training), hooks);
    const losses = epochs.map(({ trainLoss }) => trainLoss);
    expect(Math.abs(loss.first - Math.log(4))).toBeLessThan(1); // it knows nothing yet
    if (epochs.length > 2) expect(losses.at(-1)!).toBeLessThan(losses[0]! - 0.15);
    const [acc, ...others] = metrics;
    expect(acc).toMatchObject({ name: 'acc', split: 'test', direction: 'higher' });
    // √(p (1 - p) / (n - 1)), which is the sample's for right and wrong.
    expect(acc!.standardError!).toBeCloseTo(Math.sqrt((acc!.value! * (1 - acc!.value!)) / 15), 12);
    expect(others).toEqual([]);
  });

  it('select the epoch on the rows that are not reported', async () => {
    const { epochs, selected, metrics } = await executeCell(
      config('openbookqa', 'full', { epochs: 2, select: 'best-dev' }),
      hooks,
    );
    expect(epochs.map((epoch) => epoch.metrics.map(({ split }) => split))).toEqual([
      ['test', 'dev'],
      ['test', 'dev'],
    ]);
    expect(selected).toMatchObject({ metric: 'acc', split: 'dev', epochs: 2 });
    expect(metrics[0]).toEqual(epochs[selected!.epoch - 1]!.metrics[0]);
  });
});
