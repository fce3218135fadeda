import { describe, expect, it } from 'vitest';
import { exampleCell } from '../testing/exampleResult.js';
import { aggregate } from './aggregate.js';
import { buildTable, sections } from './buildTable.js';
import type { LoadedCell, LoadedRun } from './loadRun.js';
import { renderCsv, renderScoresCsv } from './renderCsv.js';
import { renderMarkdown, renderTerminal } from './renderTable.js';
import type { OkResult } from '../result/schema.js';
import { buildReport } from './writeReport.js';

const oom = {
  status: 'oom',
  failure: { code: 'X', message: 'the budget is exceeded' },
  reached: { step: 3, totalSteps: 450, peakBytes: 512 * 1024 * 1024 },
} as const;
const failed = { status: 'failed', failure: { code: 'X', message: 'the file is not there' } } as const;

const cells: LoadedCell[] = [
  exampleCell({ method: 'full', seed: 0, score: 0.92, peakMebibytes: 370 }),
  exampleCell({ method: 'full', seed: 1, score: 0.93, peakMebibytes: 371 }),
  exampleCell({ method: 'lora(rank=8)', seed: 0, score: 0.915, peakMebibytes: 210, learningRate: 1e-3 }),
  exampleCell({ method: 'lora(rank=8)', seed: 1, learningRate: 1e-3 }, failed),
  exampleCell({ method: 'bitfit', seed: 0, score: 0.9, peakMebibytes: 180 }, { status: 'ok' }, true),
  exampleCell({ method: 'tokentune(tokens=16)', seed: 0 }, oom),
];

const run = (loaded: readonly LoadedCell[]): LoadedRun => ({
  manifest: {
    schemaVersion: 1,
    sweep: 'example',
    title: 'An example',
    size: 'toy',
    command: 'npx leantune run example',
    backend: { name: 'tensorflow', reason: 'best that loads: tensorflow' },
    notes: ['A note of the sweep.'],
    cells: loaded.map(({ id, label, config }) => ({ id, label, config })),
  },
  cells: loaded,
  otherResults: 2,
});

const table = (loaded: readonly LoadedCell[]) => {
  const section = sections(aggregate(loaded))[0];
  if (section === undefined) throw new Error('no section');
  return buildTable(section);
};

describe('aggregate', () => {
  it('takes mean and sample standard deviation over seeds, and the largest peak', () => {
    const row = aggregate(cells)[0]?.measured;
    // std of {0.92, 0.93} with n-1: sqrt(2 · 0.005²) = 0.0070710678…
    expect(row?.scores[0]?.mean).toBeCloseTo(0.925, 12);
    expect(row?.scores[0]?.std).toBeCloseTo(0.00707106781, 10);
    expect(row?.scores[0]?.n).toBe(2);
    expect(row?.peakBytes).toBe(371 * 1024 * 1024);
  });

  it('has no spread for one seed', () => {
    expect(aggregate(cells)[1]?.measured?.scores[0]).toEqual({
      name: 'accuracy',
      direction: 'higher',
      split: 'dev',
      mean: 0.915,
      n: 1,
    });
  });
});

describe('the table', () => {
  it('renders for a terminal without colour', () => {
    expect(renderTerminal(table(cells), { colour: false })).toMatchInlineSnapshot(`
      "minilm-l6 · sentences

      method                    accuracy ↑  trainable    peak  param.  grad.  optim.  activ.  batch  work  max saved  step
                            mean ± std (n)          %     MiB     MiB    MiB     MiB     MiB    MiB   MiB        MiB    ms
      full            *0.9250 ± 0.0071 (2)       0.65   371.0    90.0   10.0    20.0   241.0    1.0   9.0       50.0   412
      lora                      0.9150 (1)       0.65   210.0    90.0   10.0    20.0    80.0    1.0   9.0       50.0   412
      bitfit (stale)            0.9000 (1)       0.65  *180.0    90.0   10.0    20.0    50.0    1.0   9.0       50.0   412
      tokentune                        OOM          —       —       —      —       —       —      —     —          —     —"
    `);
  });

  it('renders the best in bold where there is colour', () => {
    const text = renderTerminal(table(cells), { colour: true });
    expect(text).toContain('\u001b[1m0.9250 ± 0.0071 (2)\u001b[22m');
    expect(text).toContain('\u001b[31mOOM\u001b[39m');
  });

  it('renders as Markdown', () => {
    expect(renderMarkdown(table(cells))).toMatchInlineSnapshot(`
      "## minilm-l6 · sentences

      | method | accuracy ↑ (mean ± std (n)) | trainable (%) | peak (MiB) | param. (MiB) | grad. (MiB) | optim. (MiB) | activ. (MiB) | batch (MiB) | work (MiB) | max saved (MiB) | step (ms) |
      | :--- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
      | full | **0.9250 ± 0.0071 (2)** | 0.65 | 371.0 | 90.0 | 10.0 | 20.0 | 241.0 | 1.0 | 9.0 | 50.0 | 412 |
      | lora | 0.9150 (1) | 0.65 | 210.0 | 90.0 | 10.0 | 20.0 | 80.0 | 1.0 | 9.0 | 50.0 | 412 |
      | bitfit (stale) | 0.9000 (1) | 0.65 | **180.0** | 90.0 | 10.0 | 20.0 | 50.0 | 1.0 | 9.0 | 50.0 | 412 |
      | tokentune | OOM | — | — | — | — | — | — | — | — | — | — |"
    `);
  });

  it("has columns for a device's own figures where a row has them, and a note that says what they are", () => {
    const MiB = 1024 * 1024;
    const onDevice = (cell: LoadedCell, device: NonNullable<OkResult['outcome']['memory']['device']>): LoadedCell => {
      const { result } = cell;
      if (result?.status !== 'ok') return cell;
      const memory = { ...result.outcome.memory, device };
      return { ...cell, result: { ...result, outcome: { ...result.outcome, memory } } };
    };
    const source = "libtorch's caching allocator on cuda:0";
    const [full, , lora] = cells as [LoadedCell, LoadedCell, LoadedCell];
    const gpu = [
      onDevice(full, { source, allocatedPeakBytes: 380 * MiB, reservedPeakBytes: 410 * MiB, phases: {} }),
      onDevice(lora, { source, allocatedPeakBytes: 220 * MiB, phases: {} }),
    ];
    const { columns, rows } = table([...gpu, cells[4]!]);
    const shown = (header: string) => {
      const index = columns.findIndex((column) => column.header === header);
      return rows.map((row) => row[index]?.text);
    };
    expect(columns.filter(({ header }) => header.startsWith('device')).map(({ unit }) => unit)).toEqual(['MiB', 'MiB']);
    expect(shown('device alloc.')).toEqual(['380.0', '220.0', '—']);
    expect(shown('device res.')).toEqual(['410.0', '—', '—']);
    // Logical bytes stay in their own column.
    expect(shown('peak')).toEqual(['370.0', '210.0', '180.0']);
    const report = buildReport(run(gpu));
    expect(report.terminal({ colour: false })).toContain(
      "device: peaks of the same step in libtorch's caching allocator on cuda:0, with",
    );
    const [header, ...records] = renderCsv(report.rows).trim().split('\n');
    const place = header!.split(',').indexOf('deviceAllocatedPeakBytes');
    expect(records.map((record) => record.split(',').slice(place, place + 2))).toEqual([
      [String(380 * MiB), String(410 * MiB)],
      [String(220 * MiB), ''],
    ]);
    expect(table(cells).columns.some((column) => column.header.startsWith('device'))).toBe(false);
  });

  it('marks the lowest score where lower is better', () => {
    const lower = [0.3, 0.2].map((score, index) =>
      exampleCell({ method: index === 0 ? 'full' : 'lora', score, direction: 'lower' }),
    );
    expect(table(lower).rows.map((row) => row[1])).toEqual([
      { text: '0.3000 (1)' },
      { text: '0.2000 (1)', emphasis: 'best' },
    ]);
  });

  it('has one section per model and task', () => {
    const other = exampleCell({ method: 'full' });
    const onMrpc = { ...other, config: { ...other.config, task: { name: 'mrpc', maxLength: 128 } } };
    expect(sections(aggregate([other, onMrpc])).map((section) => section.title)).toEqual([
      'minilm-l6 · sentences',
      'minilm-l6 · mrpc',
    ]);
  });
});

describe('the report', () => {
  it('says what a reader must know below the table', () => {
    const text = buildReport(run(cells)).terminal({ colour: false });
    expect(text.slice(text.indexOf('  stale:'))).toMatchInlineSnapshot(`
      "  stale: computed by other code than the current one; \`npx leantune run example\` computes these rows anew.
        accuracy: on the dev split after the last epoch, mean ± sample standard deviation over n seeds.
        peak: logical peak, the largest sum of bytes of live buffers during a training step (largest over seeds). After it
          its parts at that moment: parameters, gradients, optimizer state, saved activations, batch, workspace. 1 MiB =
          1024² bytes.
        max saved: largest sum of distinct buffers held for the backward pass, parameters and batch excluded. step: median
          over optimiser steps.
        sentences: 2400 train / 600 dev rows, at most 64 tokens each; weights: cache.
        all rows: epochs 3, batch 16, accumulation 1, schedule linear, warm-up 0.06, optimizer adamw beta1=0.9 beta2=0.999
          epsilon=1e-8, weight decay 0.01, clip 1, padding longest, dropout the model's own, saving lean.
        rows differ in learning rate: 5e-5 (full, bitfit, tokentune); 1e-3 (lora).
        backend: tensorflow, TensorFlow 2.21.0, 2 threads (best that loads: tensorflow); 2 × Example CPU.
        lora, seed 1: failed: the file is not there
        tokentune, seed 0: out of memory at step 3 of 450, 512.0 MiB reached: the budget is exceeded
        the folder holds 2 results of other settings, not shown here.
        A note of the sweep.
        command: npx leantune run example
      "
    `);
  });

  it('marks what the development score selected, in notes, plots and rows', () => {
    const selected = [2, 3].map((epoch, seed) => exampleCell({ method: 'full', seed, selected: epoch }));
    const only = buildReport(run(selected));
    expect(only.markdown).toContain(
      'accuracy: on the dev split after the epoch that the development score selected, mean',
    );
    expect(only.markdown).toContain(
      'selected on dev: the epoch of the best accuracy on the dev split, of those that were trained: full 2 of 3, 3 of 3.',
    );
    const subtitles = ({ plots }: typeof only) =>
      JSON.stringify(plots.find(({ name }) => name === 'score-memory')?.spec.title);
    expect(subtitles(only)).toContain('epochs selected on dev');
    expect(renderCsv(only.rows)).toMatch(/,selectedEpochs,[^]*,2 3,/);

    const mixed = buildReport(run([...selected, exampleCell({ method: 'lora' })]));
    expect(mixed.markdown).toContain('or in rows with selection best-dev after the one that the development score');
    expect(mixed.markdown).toContain('rows differ in selection: best-dev (full); none (lora).');
    expect(subtitles(buildReport(run(cells)))).not.toContain('selected');
  });

  it('has every score in a table of its own, other tasks too, with standard errors of single seeds', () => {
    const scores = (mcc: number) => [
      { name: 'mcc', value: mcc, direction: 'higher' as const, split: 'dev', standardError: 0.02 },
      { name: 'loss', value: 1 - mcc, direction: 'lower' as const, split: 'hellaswag/dev' },
    ];
    const report = buildReport(
      run([
        exampleCell({ method: 'full', seed: 0, more: scores(0.5) }),
        exampleCell({ method: 'full', seed: 1, more: scores(0.6) }),
        exampleCell({ method: 'lora', more: scores(0.4) }),
      ]),
    );
    const text = report.terminal({ colour: false });
    const start = text.indexOf('minilm-l6 · sentences: every score');
    expect(text.slice(start, text.indexOf('\n\n', start + 60))).toMatchInlineSnapshot(`
      "minilm-l6 · sentences: every score

      metric      split                          full                 lora
                                           mean ± (n)           mean ± (n)
      accuracy ↑  dev             0.9000 ± 0.0000 (2)           0.9000 (1)
      mcc ↑       dev            *0.5500 ± 0.0707 (2)  0.4000 ± 0.0200 (1)
      loss ↓      hellaswag/dev  *0.4500 ± 0.0707 (2)           0.6000 (1)"
    `);
    expect(report.markdown).toContain('| mcc ↑ | dev | **0.5500 ± 0.0707 (2)** | 0.4000 ± 0.0200 (1) |');
    expect(report.markdown).toContain('of a single seed the standard error over the rows of the split');
    const lines = renderScoresCsv(report.rows).trim().split('\n');
    expect(lines).toHaveLength(7);
    expect(lines[6]).toBe('minilm-l6,sentences,lora,lora,loss,hellaswag/dev,lower,0.6,,,1');
    expect(buildReport(run(cells)).markdown).not.toContain('every score');
  });

  it('cuts a long table of scores on a terminal, and nowhere else', () => {
    const more = Array.from({ length: 30 }, (_, index) => {
      return { name: `subject${index}`, value: 0.5, direction: 'higher' as const, split: 'test' };
    });
    const report = buildReport(run([exampleCell({ method: 'full', more })]));
    const text = report.terminal({ colour: false });
    expect(text).toContain('subject14 ↑');
    expect(text).not.toContain('subject15 ↑');
    expect(text).toContain('and 15 more in table.md and scores.csv');
    expect(report.markdown).toContain('subject29 ↑');
  });

  it('works when nothing has run yet', () => {
    const none = cells.map(({ result: _result, ...cell }) => cell);
    const report = buildReport(run(none));
    expect(report.plots).toEqual([]);
    expect(report.terminal({ colour: false })).toContain('not run');
  });
});
