import { memoryCategories } from '@leantune/core';
import { describe, expect, it } from 'vitest';
import { runCli, workingFolder } from '../testing/runCli.js';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { measureMethods } from './measure.js';
import { resolveMemorySettings, type MemoryWords } from './settings.js';

/** Two layers of 32, 4 heads, inner size 64. */
const config = {
  model_type: 'bert',
  vocab_size: 61,
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 64,
  max_position_embeddings: 40,
  pad_token_id: 0,
};

const modelFolder = () => workingFolder({ 'config.json': JSON.stringify(config) });

const measure = async (words: MemoryWords) => {
  const settings = await resolveMemorySettings({ model: modelFolder(), ...words });
  return measureMethods(settings);
};

/** Embeddings, norms, four projections and two of the feed-forward block a layer, pooler, two classes. */
const parameterCount =
  (61 + 40 + 2) * 32 + 64 + 2 * (4 * (32 * 32 + 32) + (32 * 64 + 64) + (64 * 32 + 32) + 128) + 32 * 33 + 66;

describe('memory from shapes', () => {
  it('counts what a formula counts', async () => {
    const [full] = await measure({ method: 'full', batch: '3', seq: '20' });
    expect(full!.parameters).toEqual({ trainable: parameterCount, total: parameterCount });
    // Parameters, gradients, two moments.
    expect(full!.memory.staticBytes).toBe(4 * 4 * parameterCount);
    expect(full!.memory.categories.parameters).toBe(4 * parameterCount);
    expect(full!.memory.peakBytes).toBe(Object.values(full!.memory.categories).reduce((sum, bytes) => sum + bytes));
    const [sgd] = await measure({ optimizer: 'sgd', batch: '3', seq: '20' });
    expect(sgd!.memory.staticBytes).toBe(2 * 4 * parameterCount);
    const [half] = await measure({ precision: 'bf16', batch: '3', seq: '20' });
    expect(half!.memory.staticBytes).toBe(4 * 2 * parameterCount);
  });

  it('takes methods in the order given, each for itself', async () => {
    const rows = await measure({
      methods: 'full,lora(rank=2,targets=[attention.query,attention.value]),full',
      batch: '2',
      seq: '9',
    });
    expect(rows.map(({ method }) => method)).toEqual([
      'full',
      'lora(rank=2,targets=[attention.query,attention.value])',
      'full',
    ]);
    expect(rows[1]!.memory.savedBytes).toBeLessThan(rows[0]!.memory.savedBytes);
    expect(rows[2]!.memory).toEqual(rows[0]!.memory);
  });

  it('finds the largest batch and the longest sequence that fit', async () => {
    const limit = 3_000_000;
    const [batch] = await measure({ fit: String(limit), seq: '20', batch: '7' });
    expect(batch!.fits).toBe(true);
    expect(batch!.memory.peakBytes).toBeLessThanOrEqual(limit);
    const [more] = await measure({ seq: '20', batch: String(batch!.batchSize + 1) });
    expect(more!.memory.peakBytes).toBeGreaterThan(limit);

    const rows = await measure({ fit: String(limit), batch: '16', methods: 'full,bitfit' });
    for (const { method, sequenceLength, bounded, memory } of rows) {
      expect(memory.peakBytes, method).toBeLessThanOrEqual(limit);
      expect(bounded, method).toBe(sequenceLength === config.max_position_embeddings);
      if (bounded === true) continue;
      const [longer] = await measure({ method, batch: '16', seq: String(sequenceLength + 1) });
      expect(longer!.memory.peakBytes, method).toBeGreaterThan(limit);
    }
  });

  it('says what does not fit, with the bytes of the smallest step', async () => {
    const [row] = await measure({ fit: '100000', seq: '20' });
    const [smallest] = await measure({ seq: '20', batch: '1' });
    expect(row).toMatchObject({ fits: false, batchSize: 1, memory: { peakBytes: smallest!.memory.peakBytes } });
  });

  it('names everything that is wrong at once', async () => {
    const words = {
      model: modelFolder(),
      methods: 'full,loar',
      fit: '12x',
      batch: '0',
      precision: 'bf15',
      head: 'causal-lm',
    };
    await expect(resolveMemorySettings(words)).rejects.toMatchObject({
      issues: [
        { key: '--methods', message: expect.stringContaining('did you mean "lora"') as string },
        { key: '--fit' },
        { key: '--batch', expected: '> 0' },
        { key: '--precision', nearest: 'bf16' },
      ],
    });
    const later = { model: modelFolder(), seq: '41', head: 'causal-lm' };
    await expect(resolveMemorySettings(later)).rejects.toMatchObject({
      issues: [
        { key: '--head', message: 'bert has no head for causal-lm' },
        { key: '--seq', expected: expect.stringMatching(/^<= 40, the positions of/) as string },
      ],
    });
    await expect(resolveMemorySettings({ model: modelFolder(), method: 'full', methods: 'lora' })).rejects.toThrow(
      'cannot stand beside --methods',
    );
    await expect(resolveMemorySettings({ model: modelFolder(), seq: '32', batch: '2097153' })).rejects.toThrow(
      '--batch: 2097153 is out of range (expected <= 2097152)',
    );
    await expect(resolveMemorySettings({})).rejects.toThrow('--model: is missing');
  });
});

describe('leantune memory', () => {
  it('prints one object, or an array of them, as JSON', async () => {
    const cwd = workingFolder({ 'config.json': JSON.stringify(config) });
    const words = ['memory', '--model', cwd, '--batch', '3', '--seq', '20', '--json'];
    const [one, many] = [
      await runCli([...words, '--method', 'lora'], { cwd }),
      await runCli([...words, '--methods', 'full,lora'], { cwd }),
    ];
    expect([one.code, many.code, one.stderr, many.stderr]).toEqual([0, 0, '', '']);
    const object = JSON.parse(one.stdout) as Record<string, unknown>;
    const array = JSON.parse(many.stdout) as Record<string, unknown>[];
    expect(array.map(({ method }) => method)).toEqual(['full', 'lora']);
    expect(array[1]).toEqual(object);
    for (const key of ['peakBytes', 'staticBytes', 'activationBytes', 'savedBytes'])
      expect(object[key]).toBeTypeOf('number');
    expect(object).toMatchObject({ phase: expect.any(String) as string, layer: expect.any(String) as string });
    expect(Object.keys(object.categories as object).sort()).toEqual([...memoryCategories].sort());
    const saved = Object.values(object.savedBytesByLayer as Record<string, number>);
    expect(saved.reduce((sum, bytes) => sum + bytes)).toBe(object.savedBytes);
  });

  it('prints a breakdown, a table, a row that does not fit, and draws the timeline', async () => {
    const cwd = workingFolder({ 'config.json': JSON.stringify(config) });
    const words = ['memory', '--model', cwd, '--batch', '3', '--seq', '20'];
    const single = await runCli([...words, '--plot', 'timeline.svg'], { cwd });
    expect(single.code).toBe(0);
    expect(single.stdout).toMatch(/^peak +\d+\.\d +\d+\.\d+ +\d+$/m);
    expect(single.stdout).toMatch(new RegExp(`trained +${parameterCount} of ${parameterCount} parameters`));
    expect(existsSync(join(cwd, 'timeline.svg'))).toBe(true);
    expect(readFileSync(join(cwd, 'timeline.svg'), 'utf8')).toContain('Memory through one training step');
    const table = await runCli([...words, '--methods', 'full,lora', '--fit', '300000'], { cwd });
    expect(table.stdout).toMatch(/^full +does not fit /m);
    expect(table.stdout).toMatch(/^lora +\d+ /m);
    expect(table.code).toBe(0);
    const wrong = await runCli([...words, '--sqe', '3'], { cwd });
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('--seq')]);
  });
});
