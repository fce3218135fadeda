/** Tasks of images through the real executable: a vision transformer learns pictures that can be told apart. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cifarRecords, hubPictures, pictures } from '../../../tasks/src/testing/imageFiles.js';
import type { CellResult } from '../result/schema.js';
import { runCli, workingFolder } from '../testing/runCli.js';
import { writeTinyCheckpoint, writeTinyVision } from '../testing/tinyCheckpoint.js';

const TRAIN = 200;
const train = pictures(TRAIN);
const test = pictures(50, TRAIN);

function writeData(cwd: string): void {
  const batch = (index: number) => cifarRecords(train.slice((index - 1) * (TRAIN / 5), index * (TRAIN / 5)));
  const files: Record<string, Buffer> = {
    'cifar10/test_batch.bin': cifarRecords(test),
    'svhn/cropped_digits/train-00000-of-00001.parquet': hubPictures('image', train),
    'svhn/cropped_digits/test-00000-of-00001.parquet': hubPictures('image', test),
  };
  for (const index of [1, 2, 3, 4, 5]) files[`cifar10/data_batch_${index}.bin`] = batch(index);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, 'data', name)), { recursive: true });
    writeFileSync(join(cwd, 'data', name), content);
  }
}

const sweep = (models: string, tasks: string, methods: string) => `name: pictures
title: Pictures
preset: meft-images
models: ${models}
tasks: ${tasks}
methods: ${methods}
training: { epochs: 8, batchSize: 20, learningRate: 5e-3 }
`;

describe('tasks of images', () => {
  const run = (cwd: string, ...words: string[]) =>
    runCli(['run', 'pictures.yaml', '--backend', 'wasm', ...words], {
      cwd,
      environment: { LEANTUNE_DATA: join(cwd, 'data'), HF_HUB_OFFLINE: '1' },
    });

  it('are learnt and scored in an ordinary sweep', { timeout: 240_000 }, async () => {
    const cwd = workingFolder({
      'pictures.yaml': sweep('./vit', '[cifar10, svhn]', '[lora(rank=4)]'),
    });
    writeData(cwd);
    await writeTinyVision(join(cwd, 'vit'));
    const { code, stdout, stderr } = await run(cwd, '--json');
    expect(code, stderr).toBe(0);
    const results = JSON.parse(stdout) as Extract<CellResult, { status: 'ok' }>[];
    expect(results.map(({ config }) => config.task.name)).toEqual(['cifar10', 'svhn']);
    for (const { config, outcome } of results) {
      const [accuracy] = outcome.metrics;
      expect(accuracy).toMatchObject({ name: 'accuracy', split: 'test', direction: 'higher' });
      // Ten classes: chance is 0.1.
      expect(accuracy!.value!, config.task.name).toBeGreaterThan(0.5);
      expect(outcome.sources.tokenizer).toBeUndefined();
      expect(outcome.sources.dataset.rows).toEqual({ train: 196, dev: 4, test: 50 });
    }
    // The same pictures in other files.
    const [cifar, svhn] = ['cifar10', 'svhn'].map((name) => results.find(({ config }) => config.task.name === name)!);
    expect(cifar!.outcome.memory.peakBytes).toBe(svhn!.outcome.memory.peakBytes);
    const report = await runCli(['report', 'pictures'], { cwd });
    expect(report.stdout.replaceAll(/\s+/g, ' ')).toContain(
      'cifar10: 196 train / 50 test / 4 dev rows; weights: folder vit.',
    );
  });

  it('on a model of texts are refused before the first cell, and texts on a model of images', async () => {
    const cwd = workingFolder({ 'pictures.yaml': sweep('[./vit, ./bert]', '[cifar10, sentences]', '[full]') });
    writeData(cwd);
    await writeTinyVision(join(cwd, 'vit'));
    await writeTinyCheckpoint(join(cwd, 'bert'));
    const { code, stderr } = await run(cwd);
    expect(code).toBe(2);
    expect(stderr).toContain('task sentences: its rows are text, ./vit reads images');
    expect(stderr).toContain('task cifar10: its rows are images, ./bert reads text');
  });

  it('are shown without their pixels', async () => {
    const cwd = workingFolder();
    writeData(cwd);
    const { code, stdout } = await runCli(['data', 'show', 'cifar10', '--data', './data'], { cwd });
    expect([code, stdout]).toEqual([0, expect.stringContaining('image: 32 × 32 pixels') as string]);
  });
});
