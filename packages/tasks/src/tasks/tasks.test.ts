/** The battery for every registered task, and the real files against their manifests. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { glueLoader } from '../data/glueLoader.js';
import type { TextRow } from '../data/dataset.js';
import { getMetric } from '../metrics/registry.js';
import { labelsOf, metricKindOf } from '../task/declaration.js';
import { loadTask } from '../task/loadTask.js';
import { getTask, taskNames } from '../task/registry.js';
import { verifyDataset } from '../task/verify.js';
import { dataFolder, emptyEnvironment } from '../testing/glueFolder.js';
import { textRows } from '../testing/textRows.js';
import { missingShared, sharedPath } from '../testing/shared.js';

const GLUE = 'data/glue';
const skipReason = missingShared('data');
const source = { dataFolder: sharedPath('data'), environment: emptyEnvironment };

/** Rows (train, dev) and label counts of the published files, counted apart from this code (Python, see the manifests). */
const published: Readonly<Record<string, { folder: string; rows: [number, number]; dev?: Record<string, number> }>> = {
  sst2: { folder: 'SST-2', rows: [67349, 872], dev: { negative: 428, positive: 444 } },
  mrpc: { folder: 'MRPC', rows: [3668, 408], dev: { not_equivalent: 129, equivalent: 279 } },
  rte: { folder: 'RTE', rows: [2490, 277], dev: { entailment: 146, not_entailment: 131 } },
  cola: { folder: 'CoLA', rows: [8551, 1043], dev: { unacceptable: 322, acceptable: 721 } },
  stsb: { folder: 'STS-B', rows: [5749, 1500] },
};

/** What lies in the shared folder, as its README counts it; samples have fewer rows than published. */
const atHand: Readonly<Record<string, readonly [status: string, rows: Readonly<Record<string, number>>]>> = {
  sentences: ['official', { train: 2400, dev: 600 }],
  cola: ['official', { train: 8551, dev: 1043 }],
  sst2: ['official', { train: 67349, dev: 872 }],
  mrpc: ['official', { train: 3668, dev: 408 }],
  qqp: ['sample', { train: 8999, dev: 1000 }],
  stsb: ['official', { train: 5749, dev: 1500 }],
  mnli: ['sample', { train: 8999, dev_matched: 9815 }],
  qnli: ['sample', { train: 8999, dev: 5463 }],
  rte: ['official', { train: 2490, dev: 277 }],
  wnli: ['official', { train: 635, dev: 71 }],
  openbookqa: ['official', { train: 4957, dev: 500, test: 500 }],
  piqa: ['official', { dev: 1838 }],
  arc_easy: ['official', { train: 2251, dev: 570, test: 2376 }],
  arc_challenge: ['official', { train: 1119, dev: 299, test: 1172 }],
  sciq: ['official', { train: 11679, dev: 1000, test: 1000 }],
  mmlu: ['official', { dev: 285, test: 14042 }],
  hellaswag: ['official', { dev: 10042 }],
  truthfulqa_mc1: ['official', { dev: 817 }],
  truthfulqa_mc2: ['official', { dev: 817 }],
  winogrande: ['official', { train_m: 2558, train_s: 640, dev: 1267 }],
  squad: ['official', { dev: 10570 }],
  alpaca: ['sample', { train: 999 }],
  tinystories: ['sample', { train: 1727 }],
};

describe.each(taskNames())('declaration of %s', (name) => {
  const task = getTask(name);

  it('is complete', () => {
    expect(task.summary).not.toBe('');
    expect(task.source.licence).not.toBe('');
    for (const metric of task.metrics) expect(getMetric(metric).kind).toBe(metricKindOf(task.kind));
  });

  it('has a line in the README', () => {
    const readme = readFileSync(new URL('../../../../README.md', import.meta.url), 'utf8');
    expect(readme.split('\n')).toContain(`* \`${name}\`: ${task.summary}`);
  });

  it('has a manifest whose label counts add up', () => {
    for (const split of Object.values(task.manifest.splits)) {
      if (split.labelCounts === undefined) continue;
      expect(Object.keys(split.labelCounts)).toEqual(labelsOf(task));
      const counted = Object.values(split.labelCounts).reduce((a, b) => a + b, 0);
      // Copies of ARC lack the right choice of a few rows.
      if (name.startsWith('arc')) expect(counted).toBeGreaterThan(0.9 * split.rows);
      else expect(counted).toBe(split.rows);
    }
  });

  const expected = atHand[name];
  it.skipIf(expected === undefined || (skipReason !== undefined && name !== 'sentences'))(
    `loads the rows at hand${skipReason === undefined || name === 'sentences' ? '' : ` (skipped: ${skipReason})`}`,
    async () => {
      const report = await verifyDataset(name, source);
      const [status, rows] = expected!;
      if (report.status === 'unusable') throw report.error;
      expect(report.status).toBe(status);
      expect(Object.fromEntries(Object.entries(report.splits).map(([split, found]) => [split, found.rows]))).toEqual(
        rows,
      );
      if (status === 'official') expect(report.warnings).toEqual([]);
    },
  );
});

const otherFile = (name: string) => expect.stringContaining(`${name} is not byte for byte the known file`) as string;

describe.skipIf(skipReason !== undefined)(`GLUE files${skipReason ? ` (skipped: ${skipReason})` : ''}`, () => {
  it.each(Object.entries(published))('%s has the published counts', async (name, { folder, rows, dev }) => {
    const task = await loadTask(name, source);
    expect([task.rows('train').length, task.rows('dev').length]).toEqual(rows);
    expect(task.provenance.splits.dev!.labelCounts).toEqual(dev);
    expect(task.warnings).toEqual([]);
    const readme = readFileSync(sharedPath('data/README.md'), 'utf8');
    expect(readme).toMatch(new RegExp(`\`glue/${folder}\`.*\\| ${rows[0]} / ${rows[1]} /`));
  });

  it('reads first rows as they are printed in the files', async () => {
    const first = async (name: string) => (await loadTask(name, source)).rows('dev')[0];
    expect(await first('cola')).toEqual({ text: 'The sailors rode the breeze clear of the rocks.', label: 1 });
    expect(await first('sst2')).toEqual({ text: "it 's a charming and often affecting journey . ", label: 1 });
    expect(await first('mrpc')).toEqual({
      text: "He said the foodservice pie business doesn 't fit the company 's long-term growth strategy .",
      pair: '" The foodservice pie business does not fit our long-term growth strategy .',
      label: 1,
    });
    expect(await first('stsb')).toEqual({
      text: 'A man with a hard hat is dancing.',
      pair: 'A man wearing a hard hat is dancing.',
      label: 5,
    });
    expect(((await first('rte')) as TextRow).label).toBe(1);
  });

  it('gives the majority baselines that follow from the label counts', async () => {
    const baseline = async (name: string) => (await loadTask(name, source)).provenance.majorityBaseline;
    expect(await baseline('mrpc')).toEqual({ label: 'equivalent', accuracy: { dev: 279 / 408 } });
    expect(await baseline('rte')).toEqual({ label: 'entailment', accuracy: { dev: 146 / 277 } });
    expect(await baseline('stsb')).toBeUndefined();
  });

  it('knows the published rows in a file with other bytes', async () => {
    const crlf = (file: string) => readFileSync(sharedPath(GLUE, 'RTE', file), 'utf8').replaceAll('\n', '\r\n');
    const folder = dataFolder({ 'RTE/train.tsv': crlf('train.tsv'), 'RTE/dev.tsv': crlf('dev.tsv') });
    const report = await verifyDataset('rte', { dataFolder: folder, environment: emptyEnvironment });
    expect(report).toMatchObject({
      status: 'same-rows',
      warnings: [otherFile('train.tsv'), otherFile('dev.tsv')],
      files: [{ official: false }, { official: false }],
    });
  });

  it('reports a cut file as a sample and a broken one as unusable', async () => {
    const lines = readFileSync(sharedPath(GLUE, 'RTE', 'train.tsv'), 'utf8').split('\n');
    const dev = readFileSync(sharedPath(GLUE, 'RTE', 'dev.tsv'), 'utf8');
    const cut = dataFolder({ 'RTE/train.tsv': lines.slice(0, 101).join('\n'), 'RTE/dev.tsv': dev });
    const options = { dataFolder: cut, environment: emptyEnvironment };
    expect(await verifyDataset('rte', options)).toMatchObject({
      status: 'sample',
      splits: { train: { rows: 100 }, dev: { rows: 277 } },
      warnings: [otherFile('train.tsv'), expect.stringContaining('100 of 2490 published rows')],
    });
    const broken = dataFolder({ 'RTE/train.tsv': `${lines[0]}\n1\tonly\n`, 'RTE/dev.tsv': dev });
    expect(await verifyDataset('rte', { ...options, dataFolder: broken })).toMatchObject({
      status: 'unusable',
      error: { code: 'LEANTUNE_COLUMN_COUNT' },
    });
  });

  it('stops where official files do not give the rows of the manifest', async () => {
    const rte = getTask('rte');
    const { compareWithManifest } = await import('../data/manifest.js');
    const dataset = await glueLoader({
      folder: 'RTE',
      files: { train: 'train.tsv', dev: 'dev.tsv' },
      layout: { header: true, columns: { text: 'sentence2', label: 'label' } },
      label: { spellings: ['entailment', 'not_entailment'] },
    })('rte', source);
    expect(() => compareWithManifest('rte', dataset, rte.manifest, labelsOf(rte))).toThrow(
      'rte: the files are the published ones, but split "train" has 2490 rows that are not the 2490 of the manifest',
    );
  });
});

describe('sentences', () => {
  it('has 2400 training and 600 development rows, the same in every run', async () => {
    const task = await loadTask('sentences');
    expect(task.provenance.splits.train!.rows).toBe(2400);
    expect(task.provenance.splits.dev!.rows).toBe(600);
    expect(task.provenance.status).toBe('official');
    const train = new Set(textRows(task, 'train').map((row) => row.text));
    const shared = textRows(task, 'dev').filter((row) => train.has(row.text)).length;
    expect(getTask('sentences').source.notes).toContain(`${shared} development rows are also in training`);
  });

  it('needs no data folder', async () => {
    expect(existsSync(emptyEnvironment.LEANTUNE_CACHE)).toBe(false);
    expect((await loadTask('sentences', { environment: emptyEnvironment })).rows('dev')).toHaveLength(600);
  });
});
