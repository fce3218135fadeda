import { ConfigurationError } from '@leantune/core';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shippedFolder } from '../sweep/findSweep.js';
import { runCli, workingFolder } from '../testing/runCli.js';
import { measureRows, type MeasuredRow } from './measureSweep.js';
import { resolveMemorySettings } from './settings.js';
import { labelOf, parseMemorySweep, rowsOf } from './sweepFile.js';
import { paperTable, sweepPlots, sweepTables } from './sweepReport.js';

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

const sweepOf = (model: string) => `
kind: memory
name: tiny
title: Tiny
size: full
groups:
  - { model: '${model}', batch: [2, 4], seq: 20, saving: [pytorch, lean], methods: [full, 'lora(rank=2)', 'lora(rank=2)+tokentune(tokens=3)', prefix(length=30)] }
  - { model: '${model}', batch: 4, seq: 20, methods: [full, tokentune(tokens=3), tokentune(tokens=9)] }
labels: { lora: lora(rank=2) }
plots:
  - { name: by-batch, title: Batch, x: batch, y: peakBytes, where: { saving: lean } }
  - { name: by-tokens, title: Tokens, x: tokens, y: savedBytes, methods: [tokentune] }
paper:
  - { claim: half, source: nobody, figure: savedBytes, method: lora(rank=2), of: full, percent: 50, where: { batch: '4' } }
`;

describe('sweeps of memory', () => {
  it('have a row for every combination, once', () => {
    const rows = rowsOf(parseMemorySweep({ file: 'tiny.yaml', text: sweepOf('m') }));
    expect(rows).toHaveLength(2 * 2 * 4 + 2);
    expect(rows[0]).toEqual({
      ...{ model: 'm', method: 'full', batch: '2', seq: '20' },
      ...{ precision: 'fp32', saving: 'pytorch', optimizer: 'adamw' },
    });
  });

  it('name what is wrong with the file', () => {
    const parse = (text: string) => () => parseMemorySweep({ file: 'tiny.yaml', text });
    expect(parse(sweepOf('m').replace('kind: memory', 'kind: score'))).toThrow(/kind: "score" .*expected memory/);
    expect(parse(sweepOf('m').replace('title: Tiny', 'titel: Tiny'))).toThrow(/titel.*did you mean "title"/);
    expect(parse('a: [1')).toThrow(ConfigurationError);
  });

  it('give figures of runs, their shares of full fine-tuning, and rows without figures where there is none', async () => {
    const model = modelFolder();
    const sweep = parseMemorySweep({ file: 'tiny.yaml', text: sweepOf(model) });
    const rows = await measureRows(rowsOf(sweep), '.', () => undefined);
    const [table] = sweepTables(sweep, rows);
    const texts = table!.rows.map((row) => row.map(({ text }) => text));
    const column = (header: string) => table!.columns.findIndex((each) => each.header === header);
    const find = (method: string, batch: string, saving: string) =>
      texts.find((row) => row[0] === method && row[1] === batch && row[column('saving')] === saving)!;
    expect(find('full', '4', 'lean')[column('peak of full')]).toBe('100.0');
    const saved = (method: string) =>
      rows.find(({ words }) => words.method === method && words.batch === '4' && words.saving === 'lean')!.measured!
        .memory.savedBytes;
    const share = (100 * saved('lora(rank=2)')) / saved('full');
    expect(find('lora', '4', 'lean')[column('saved of full')]).toBe(share.toFixed(1));
    // 20 tokens and a prefix of 30 are more than 40 positions.
    expect(find('prefix(length=30)', '4', 'lean')[column('peak')]).toMatch(/no figure/);
    const paper = paperTable(sweep, rows)!.rows.map((row) => row.map(({ text }) => text));
    expect(paper).toHaveLength(2);
    expect(paper[1]!.slice(3, 6)).toEqual(['50', share.toFixed(1), (share - 50).toFixed(1)]);
    const [byBatch, byTokens] = sweepPlots(sweep, rows);
    expect(byBatch!.data).toHaveLength(2 * 3 + 2);
    expect(byTokens!.data.map(({ x, method }) => [x, method])).toEqual([
      [3, 'tokentune'],
      [9, 'tokentune'],
    ]);
    expect(labelOf(sweep, 'lora(rank=2)+tokentune(tokens=3)')).toBe('lora+tokentune(tokens=3)');
  });

  it('are written as tables, figures with provenance and plots', async () => {
    const model = modelFolder();
    const cwd = workingFolder({ 'tiny.yaml': sweepOf(model) });
    const run = await runCli(['memory', '--sweep', 'tiny.yaml', '--out', 'out'], { cwd });
    expect([run.code, run.stderr]).toEqual([0, '11 files in out\n']);
    expect(run.stdout).toContain('Paper beside ours');
    for (const file of ['table.md', 'table.csv', 'figures.json', 'by-batch.svg', 'by-batch.png', 'by-tokens.vl.json']) {
      expect(existsSync(join(cwd, 'out', file)), file).toBe(true);
    }
    const figures = JSON.parse(readFileSync(join(cwd, 'out/figures.json'), 'utf8')) as {
      provenance: Record<string, unknown>;
      rows: Record<string, unknown>[];
    };
    expect(figures.provenance.codeFingerprint).toBeTypeOf('string');
    const without = figures.rows.find(({ method }) => method === 'prefix(length=30)')!;
    expect(without.problem).toContain('40 positions');
    expect(without).not.toHaveProperty('peakBytes');
    const alone = await runCli(['memory', '--sweep', 'tiny.yaml', '--batch', '3'], { cwd });
    expect([alone.code, alone.stderr]).toEqual([2, expect.stringContaining('--batch')]);
    const nowhere = await runCli(['memory', '--model', model, '--out', 'x'], { cwd });
    expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining('only with --sweep')]);
  });

  it('take paths of models from the folder of the file', async () => {
    const cwd = workingFolder();
    mkdirSync(join(cwd, 'there/tiny'), { recursive: true });
    writeFileSync(join(cwd, 'there/tiny/config.json'), JSON.stringify(config));
    writeFileSync(join(cwd, 'there/sweep.yaml'), sweepOf('./tiny'));
    const run = await runCli(['memory', '--sweep', 'there/sweep.yaml', '--json'], { cwd });
    expect([run.code, run.stderr]).toEqual([0, '']);
    expect(JSON.parse(run.stdout)).toHaveLength(2 * 2 * 4 + 2);
  });

  it('give a share of activations where both peaks lie where they live', () => {
    const categories = { parameters: 0, gradients: 0, optimizerState: 0, savedActivations: 0, batch: 0, workspace: 0 };
    const row = (method: string, activationBytes: number, savedBytes: number): MeasuredRow => ({
      words: { model: 'm', batch: '1', seq: '1', precision: 'fp32', saving: 'lean', optimizer: 'adamw', method },
      measured: {
        method,
        batchSize: 1,
        sequenceLength: 1,
        parameters: { total: 4, trainable: 4 },
        memory: {
          ...{ phase: 'backward', layer: '', peakBytes: 1000 + activationBytes, staticBytes: 1000 },
          ...{ activationBytes, savedBytes, savedBytesByLayer: {}, categories, timeline: [] },
        },
      },
    });
    const sweep = parseMemorySweep({ file: 'tiny.yaml', text: sweepOf('m') });
    const shares = (...rows: MeasuredRow[]) => {
      const [table] = sweepTables(sweep, rows);
      const at = table!.columns.findIndex(({ header }) => header === 'activation of full');
      return table!.rows.map((cells) => cells[at]!.text);
    };
    const full = row('full', 800, 900);
    // The last gradients are complete where 20 bytes of activations are left: not what 300 saved bytes took.
    expect(shares(full, row('tokentune', 20, 300), row('lora', 600, 500))).toEqual(['100.0', '', '75.0']);
    expect(shares(row('full', 20, 900), row('lora', 600, 500))).toEqual(['', '']);
  });

  it('that are shipped can be read, and every row of them is valid', async () => {
    const folder = join(shippedFolder(), 'memory');
    const files = readdirSync(folder);
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      const rows = rowsOf(parseMemorySweep({ file, text: readFileSync(join(folder, file), 'utf8') }));
      for (const row of rows) await resolveMemorySettings({ ...row });
    }
  });
});

describe('a fused optimizer', () => {
  it('is asked for by its name, and takes less', async () => {
    const words = { model: modelFolder(), batch: '2', seq: '20' };
    const rows = await measureRows(
      ['adamw', 'adamw(fused=true)', 'sgd', 'sgd(momentum=0.9,fused=true)'].map((optimizer) => ({
        ...words,
        ...{ optimizer, method: 'full', precision: 'fp32', saving: 'lean' },
      })),
      '.',
      () => undefined,
    );
    const [adamw, fused, sgd] = rows.map(({ measured }) => measured!.memory);
    expect(fused!.peakBytes).toBeLessThan(adamw!.peakBytes);
    expect(fused!.staticBytes).toBe(
      fused!.categories.parameters + fused!.categories.gradients + fused!.categories.optimizerState,
    );
    expect(sgd!.categories.optimizerState).toBe(0);
    const settings = await resolveMemorySettings({ ...words, optimizer: 'sgd(momentum=0.9,fused=true)' });
    expect(settings).toMatchObject({ optimizerName: 'sgd, momentum 0.9, fused' });
    expect(settings.maxGradNorm).toBeUndefined();
  });

  it('cannot clip, and its options are checked', async () => {
    const words = { model: modelFolder(), batch: '2', seq: '20' };
    const resolved = (more: object) => resolveMemorySettings({ ...words, ...more });
    await expect(resolved({ optimizer: 'adamw(fused=true)', clip: '1' })).rejects.toThrow(/--clip.*cannot clip/);
    await expect(resolved({ optimizer: 'adamw(fusd=true)' })).rejects.toThrow(
      /--optimizer: fusd: .*did you mean "fused"/,
    );
    await expect(resolved({ optimizer: 'adamw(fused=perhaps)' })).rejects.toThrow(ConfigurationError);
    await expect(resolved({ optimizer: 'adam' })).rejects.toThrow(/did you mean "adamw"/);
  });
});
