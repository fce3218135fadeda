/** The battery for every registered task, and the real files against their manifests. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { glueLoader } from '../data/glueLoader.js';
import { getMetric } from '../metrics/registry.js';
import { labelsOf } from '../task/declaration.js';
import { loadTask } from '../task/loadTask.js';
import { getTask, taskNames } from '../task/registry.js';
import { verifyDataset } from '../task/verify.js';
import { dataFolder, emptyEnvironment } from '../testing/glueFolder.js';
import { missingShared, sharedPath } from '../testing/shared.js';

const GLUE = 'data/glue';
const skipReason = missingShared(GLUE);
const source = { dataFolder: sharedPath('data'), environment: emptyEnvironment };

/** Rows (train, dev) and label counts of the published files, counted apart from this code (Python, see the manifests). */
const published: Readonly<Record<string, { folder: string; rows: [number, number]; dev?: Record<string, number> }>> = {
  sst2: { folder: 'SST-2', rows: [67349, 872], dev: { negative: 428, positive: 444 } },
  mrpc: { folder: 'MRPC', rows: [3668, 408], dev: { not_equivalent: 129, equivalent: 279 } },
  rte: { folder: 'RTE', rows: [2490, 277], dev: { entailment: 146, not_entailment: 131 } },
  cola: { folder: 'CoLA', rows: [8551, 1043], dev: { unacceptable: 322, acceptable: 721 } },
  stsb: { folder: 'STS-B', rows: [5749, 1500] },
};

describe.each(taskNames())('declaration of %s', (name) => {
  const task = getTask(name);

  it('is complete', () => {
    expect(task.summary).not.toBe('');
    expect(task.source.licence).not.toBe('');
    expect(task.manifest.files.length).toBeGreaterThan(0);
    for (const metric of task.metrics) expect(getMetric(metric).kind).toBe(task.kind);
  });

  it('has a manifest whose label counts add up', () => {
    for (const split of Object.values(task.manifest.splits)) {
      if (task.kind === 'regression') {
        expect(split.labelCounts).toBeUndefined();
        continue;
      }
      expect(Object.keys(split.labelCounts!)).toEqual(labelsOf(task));
      expect(Object.values(split.labelCounts!).reduce((a, b) => a + b, 0)).toBe(split.rows);
    }
  });

  it.skipIf(skipReason !== undefined && name !== 'sentences')(
    `loads the published rows${skipReason === undefined || name === 'sentences' ? '' : ` (skipped: ${skipReason})`}`,
    async () => {
      const report = await verifyDataset(name, source);
      expect(report).toMatchObject({ status: 'official', splits: task.manifest.splits, warnings: [] });
    },
  );
});

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
    expect((await first('rte'))!.label).toBe(1);
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
      warnings: [],
      files: [{ official: false }, { official: false }],
    });
  });

  it('reports a cut file as different and a broken one as unusable', async () => {
    const lines = readFileSync(sharedPath(GLUE, 'RTE', 'train.tsv'), 'utf8').split('\n');
    const dev = readFileSync(sharedPath(GLUE, 'RTE', 'dev.tsv'), 'utf8');
    const cut = dataFolder({ 'RTE/train.tsv': lines.slice(0, 101).join('\n'), 'RTE/dev.tsv': dev });
    const options = { dataFolder: cut, environment: emptyEnvironment };
    expect(await verifyDataset('rte', options)).toMatchObject({
      status: 'different',
      splits: { train: { rows: 100 }, dev: { rows: 277 } },
      warnings: [expect.stringContaining('100 rows, published 2490')],
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
    const train = new Set(task.rows('train').map((row) => row.text));
    const shared = task.rows('dev').filter((row) => train.has(row.text)).length;
    expect(getTask('sentences').source.notes).toContain(`${shared} development rows are also in training`);
  });

  it('needs no data folder', async () => {
    expect(existsSync(emptyEnvironment.LEANTUNE_CACHE)).toBe(false);
    expect((await loadTask('sentences', { environment: emptyEnvironment })).rows('dev')).toHaveLength(600);
  });
});
