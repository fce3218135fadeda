import { UsageError } from '@leantune/core';
import { describe, expect, it } from 'vitest';
import { OutputCollector } from '../batching/outputs.js';
import { characterTokenizer } from '../testing/characterTokenizer.js';
import { dataFolder, emptyEnvironment } from '../testing/glueFolder.js';
import { defineTask } from './declaration.js';
import { loadTask } from './loadTask.js';
import { getTask, registerTask, taskNames } from './registry.js';

describe('registry', () => {
  it('knows its tasks by name and alias, in any case', () => {
    expect(taskNames().slice(0, 4)).toEqual(['sentences', 'cola', 'sst2', 'mrpc']);
    expect(getTask('SST-2')).toBe(getTask('sst2'));
    expect(getTask('sts-b').name).toBe('stsb');
  });

  it('names the nearest task', () => {
    expect(() => getTask('mprc')).toThrow('unknown task "mprc"; did you mean "mrpc"?');
    const remedyOf = () => {
      try {
        return getTask('imagenet-21k');
      } catch (error) {
        return error;
      }
    };
    expect(remedyOf()).toBeInstanceOf(UsageError);
    expect(remedyOf()).toMatchObject({
      message: 'unknown task "imagenet-21k"',
      exitCode: 2,
      remedy: `known tasks: ${taskNames().join(', ')}`,
    });
  });

  it('takes tasks from outside, once', async () => {
    const { aliases: _, ...sst2 } = getTask('sst2');
    const mine = defineTask({ ...sst2, name: 'reviews' });
    registerTask(mine);
    const folder = dataFolder({
      'SST-2/train.tsv': 'sentence\tlabel\na\t1\n',
      'SST-2/dev.tsv': 'sentence\tlabel\nb\t0\n',
    });
    const task = await loadTask('reviews', { dataFolder: folder, environment: emptyEnvironment });
    expect(task.rows('dev')).toEqual([{ text: 'b', label: 0 }]);
    expect(() => registerTask(mine)).toThrow('task name "reviews" is taken by task "reviews"');
    expect(() => registerTask({ ...mine, name: 'mine', aliases: ['sst-2'] })).toThrow(
      'task name "sst-2" is taken by task "sst2"',
    );
  });

  it('refuses declarations that cannot work', () => {
    const sst2 = getTask('sst2');
    const broken = (change: object) => () => defineTask({ ...sst2, ...change });
    expect(broken({ name: 'Bad Name' })).toThrow(
      'declaration of task "Bad Name": name "Bad Name"; expected lower-case letters, digits, ".", "_" and "-"',
    );
    expect(broken({ labels: ['one'] })).toThrow('labels: expected at least two different ones');
    expect(broken({ metrics: ['pearson'] })).toThrow(
      '"pearson" scores a regression, expected one for a classification',
    );
    expect(broken({ metrics: ['acuracy'] })).toThrow('unknown metric "acuracy"; did you mean "accuracy"?');
    expect(broken({ splits: { ...sst2.splits, select: 'test' } })).toThrow('splits: "test" is not in the manifest');
  });
});

describe('rows', () => {
  it('limits rows to a fixed subset, in order, the smaller within the larger', async () => {
    const all = await loadTask('sentences');
    const large = await loadTask('sentences', { trainRows: 200, devRows: 50 });
    const small = await loadTask('sentences', { trainRows: 100 });
    expect([large.rows('train').length, large.rows('dev').length]).toEqual([200, 50]);
    expect([small.rows('train').length, small.rows('dev').length]).toEqual([100, 600]);
    const position = new Map(all.rows('train').map((row, index) => [JSON.stringify(row), index]));
    const positions = large.rows('train').map((row) => position.get(JSON.stringify(row))!);
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
    const inLarge = new Set(large.rows('train').map((row) => JSON.stringify(row)));
    expect(small.rows('train').every((row) => inLarge.has(JSON.stringify(row)))).toBe(true);
    expect(large.provenance.splits.train).toMatchObject({ rows: 200, availableRows: 2400 });
    expect(large.provenance.datasetSha256).not.toBe(all.provenance.datasetSha256);
    expect((await loadTask('sentences', { trainRows: 2400 })).provenance).toEqual(all.provenance);
  });

  it('says when there are fewer rows than asked for', async () => {
    const task = await loadTask('sentences', { devRows: 601 });
    expect(task.warnings).toEqual(['sentences: devRows=601 asked for, split "dev" has 600 rows; all are used']);
    expect(task.rows('dev')).toHaveLength(600);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses the limit %s', async (trainRows) => {
    await expect(loadTask('sentences', { trainRows })).rejects.toThrow(
      `trainRows: ${trainRows} found, expected a positive integer`,
    );
  });

  it('names the nearest split', async () => {
    const task = await loadTask('sentences');
    expect(() => task.rows('trian')).toThrow('sentences: unknown split "trian"; did you mean "train"?');
  });
});

describe('a task from rows to score', () => {
  it('scores outputs that come back from batches sorted by length', async () => {
    const task = await loadTask('sentences', { devRows: 100 });
    expect(task.head).toEqual({ kind: 'classification', numberOfLabels: 2 });
    const batches = task.batches('dev', { size: 16, tokenizer: characterTokenizer, maxLength: 64 });
    const collector = new OutputCollector(task.rows('dev').length, 2);
    for (const batch of batches) {
      // A "model" that knows the answers: the logit of the right class is larger.
      const labels = [...batch.labels.data];
      collector.add(
        batch,
        labels.flatMap((label) => (label === 1 ? [-1, 2] : [0.5, 0])),
      );
    }
    expect(task.score(collector.values, 'dev')).toEqual({
      split: 'dev',
      rows: 100,
      primary: 'accuracy',
      metrics: { accuracy: 1, f1: 1 },
      standardErrors: { accuracy: 0 },
      undefinedMetrics: [],
      invalidRows: 0,
    });
  });

  it('gives the majority baseline to a model that always says the same', async () => {
    const task = await loadTask('sentences');
    const { majorityBaseline } = task.provenance;
    expect(majorityBaseline).toEqual({ label: 'positive', accuracy: { dev: 286 / 600 } });
    expect(task.scorePredictions(new Array<number>(600).fill(1)).metrics.accuracy).toBe(286 / 600);
  });

  it('leaves out metrics of outputs that are no numbers', async () => {
    const task = await loadTask('sentences', { devRows: 2 });
    expect(task.score([1, 0, Number.NaN, 1])).toMatchObject({
      metrics: {},
      undefinedMetrics: ['accuracy', 'f1'],
      invalidRows: 1,
    });
    expect(() => task.score([1, 0, 1])).toThrow('3 output values found, expected 2 rows of 2');
  });

  it('leaves out correlations of a constant and carries float targets', async () => {
    const header = 'sentence1\tsentence2\tscore\n';
    const table = `${header}a\tb\t0.5\nc\td\t4.25\n`;
    const folder = dataFolder({ 'STS-B/train.tsv': table, 'STS-B/dev.tsv': table });
    const task = await loadTask('sts-b', { dataFolder: folder, environment: emptyEnvironment });
    expect(task.head).toEqual({ kind: 'regression', numberOfLabels: 1 });
    const [batch] = task.batches('dev', { size: 2, tokenizer: characterTokenizer, maxLength: 8, order: 'rows' });
    expect(batch!.labels).toEqual({ dtype: 'float32', shape: [2], data: Float32Array.of(0.5, 4.25) });
    expect(task.score([2, 2])).toMatchObject({
      metrics: {},
      undefinedMetrics: ['pearson', 'spearman', 'pearsonSpearmanMean'],
      invalidRows: 0,
    });
    expect(task.score([1, 3]).metrics.pearson).toBeCloseTo(1, 12);
  });

  it('shuffles training batches, not those of evaluation, and tokenises once', async () => {
    const task = await loadTask('sentences', { trainRows: 50 });
    let encoded = 0;
    const tokenizer: typeof characterTokenizer = {
      padTokenId: 0,
      encode: (...parameters) => {
        encoded += 1;
        return characterTokenizer.encode(...parameters);
      },
    };
    const options = { size: 8, tokenizer, maxLength: 32, seed: 3 };
    const first = [...task.batches('train', options).epoch(1)].flatMap((batch) => batch.indices);
    const again = [...task.batches('train', { ...options, epoch: 1 })].flatMap((batch) => batch.indices);
    expect(again).toEqual(first);
    expect(encoded).toBe(50);
    const lengths = [...task.batches('dev', options)].map((batch) => batch.length);
    expect(lengths).toEqual([...lengths].sort((a, b) => b - a));
    expect(encoded).toBe(650);
  });
});

describe('provenance', () => {
  it('holds counts and hashes and no path of the machine', async () => {
    const { provenance } = await loadTask('sentences');
    expect(provenance.files.map((file) => file.path)).toEqual(['amazon.json', 'imdb.json', 'yelp.json']);
    expect(provenance.datasetSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.stringify(provenance)).not.toContain(process.cwd());
  });
});
