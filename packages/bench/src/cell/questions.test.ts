/** A real small language model on real questions: fine-tuning lowers the loss of questions that it has not seen. */
import { useBackend } from '@leantune/core';
import { loadBackend } from '@leantune/core/node';
import { loadModel } from '@leantune/models/node';
import { loadTask } from '@leantune/tasks';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { missingShared, sharedPath } from '../testing/shared.js';
import type { CellConfig } from './contract.js';
import { executeCell } from './executeCell.js';
import '../registry/backends.js';

const MODEL = 'models/TinyStories-656K/bf16';
const skipReason = missingShared('data/qa/openbookqa', MODEL);

const config = (backend: string, method: string, learningRate: number): CellConfig => ({
  model: sharedPath(MODEL),
  task: { name: 'openbookqa', maxLength: 64, trainRows: 192, devRows: 48 },
  method,
  seed: 0,
  training: {
    epochs: 1,
    batchSize: 16,
    learningRate,
    optimizer: { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    weightDecay: 0.01,
    schedule: 'linear',
    warmupRatio: 0.1,
    maxGradNorm: 1,
    gradientAccumulation: 1,
    groupByLength: true,
    padding: 'longest',
  },
  saving: 'lean',
  backend,
  limits: {},
});

const hooks = {
  onProgress: () => undefined,
  onLog: () => undefined,
  onStep: async () => undefined,
  breathe: async () => undefined,
};

describe.skipIf(skipReason !== undefined)(`OpenBookQA${skipReason ? ` (skipped: ${skipReason})` : ''}`, () => {
  let before: number;
  let backend: string;

  beforeAll(async () => {
    vi.stubEnv('LEANTUNE_DATA', sharedPath('data'));
    const loaded = await loadBackend(undefined, { requestedBy: 'the test' });
    await useBackend(loaded);
    backend = loaded.name;
    const task = await loadTask('openbookqa', { devRows: 48 });
    const { model, tokenizer } = await loadModel(sharedPath(MODEL), { head: task.head });
    before = (await task.loss(model, 'dev', { tokenizer, size: 16, maxLength: 64 }))!.metrics.loss!;
    model.release();
  });
  afterAll(() => vi.unstubAllEnvs());

  it.each([
    ['full', 1e-3],
    ['lora', 1e-2],
    ['tokentune(ratio=0.3)', 1e-3],
    ['meft1', 1e-2],
  ])('%s lowers the loss and is scored with a standard error', async (method, learningRate) => {
    const { metrics, memory } = await executeCell(config(backend, method, learningRate), hooks);
    const loss = metrics.find(({ name }) => name === 'loss')!;
    expect(loss).toMatchObject({ split: 'dev', direction: 'lower' });
    expect(loss.value!).toBeLessThan(before - 0.1);
    expect(metrics[0]).toMatchObject({ name: 'acc', direction: 'higher', split: 'test' });
    // √(p (1 - p) / (n - 1)), which is the sample's for right and wrong.
    const { value, standardError } = metrics[0]!;
    expect(standardError!).toBeCloseTo(Math.sqrt((value! * (1 - value!)) / 47), 12);
    expect(metrics[1]).toMatchObject({ name: 'acc_norm', split: 'test' });
    expect(memory.savedBytes).toBeGreaterThan(0);
  });
});
