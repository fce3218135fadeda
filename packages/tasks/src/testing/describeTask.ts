/** What every task keeps, as a battery of tests. */
import { parseImageProcessor } from '@leantune/models';
import { describe, expect, it } from 'vitest';
import type { TaskBatchesOptions } from '../task/loadTask.js';
import { loadTask } from '../task/loadTask.js';
import type { DataSource } from '../data/dataFolder.js';
import type { TaskRow } from '../data/dataset.js';
import { getMetric } from '../metrics/registry.js';
import { trainSplitsOf, type TaskDeclaration } from '../task/declaration.js';
import { registerTask, taskNames } from '../task/registry.js';
import { taskProblems } from '../task/taskProblems.js';
import { characterTokenizer } from './characterTokenizer.js';

/** Rows of each split that the battery makes batches of. */
const ROWS = 40;
const SIZE = 4;

export interface DescribeTaskOptions {
  /** Where the rows lie; default: where `leantune run` looks. */
  readonly source?: DataSource;
}

/**
 * Registers the battery of a task with vitest: the declaration is valid, its rows load and are those of its manifest, labels
 * are within the set, metrics are computed, and batches hold every row once, in an order that depends on seed and epoch
 * only.
 */
export function describeTask(declaration: TaskDeclaration, { source = {} }: DescribeTaskOptions = {}): void {
  const { name } = declaration;
  describe(`task ${name}`, () => {
    it('has a valid declaration', () => {
      expect(taskProblems(declaration)).toEqual([]);
      if (!taskNames().includes(name)) registerTask(declaration);
    });

    it('loads the rows of its manifest', async () => {
      const task = await loadTask(name, source);
      expect(task.provenance.status, task.warnings.join('\n')).not.toBe('different');
      expect(task.reportSplits.length, 'splits to report on').toBeGreaterThan(0);
      for (const [split, { rows }] of Object.entries(task.provenance.splits)) expect(rows, split).toBeGreaterThan(0);
    });

    it('gives the same rows again', async () => {
      const [first, again] = await Promise.all([loadTask(name, source), loadTask(name, source)]);
      expect(again.provenance.datasetSha256).toBe(first.provenance.datasetSha256);
    });

    it('has labels within the set', async () => {
      const task = await loadTask(name, source);
      for (const split of Object.keys(task.provenance.splits)) {
        const wrong = task.rows(split).findIndex((row) => !labelIsWithin(declaration, row));
        expect(wrong, `first row of ${split} with a label outside the set`).toBe(-1);
      }
    });

    it('has metrics that right answers score best', async () => {
      const task = await loadTask(name, { ...source, devRows: ROWS });
      if (!('labels' in declaration) && declaration.kind !== 'regression') {
        for (const metric of declaration.metrics) expect(getMetric(metric).name).toBe(metric);
        return;
      }
      for (const split of task.reportSplits) {
        const labels = task.rows(split).map((row) => ('label' in row ? row.label : Number.NaN));
        const right = task.scorePredictions(labels, split);
        expect(Object.keys(right.metrics).length, 'metrics that are defined for right answers').toBeGreaterThan(0);
        for (const [metric, value] of Object.entries(right.metrics)) {
          const best = getMetric(metric).direction === 'higher' ? 1 : 0;
          expect(value, `${metric} of ${split}`).toBeCloseTo(best, 12);
        }
      }
    });

    it('makes batches of every row once, which seed and epoch alone decide', async () => {
      const task = await loadTask(name, { ...source, trainRows: ROWS, devRows: ROWS });
      const reading =
        task.reads === 'images'
          ? { imageProcessor: parseImageProcessor({}, { height: 8, width: 8 }) }
          : { tokenizer: characterTokenizer, maxLength: 4096 };
      const trains = trainSplitsOf(declaration).some((split) => task.provenance.splits[split] !== undefined);
      const split = trains ? task.trainSplit : task.reportSplits[0]!;
      const batches = (seed: number, epoch: number) => {
        const options: TaskBatchesOptions = { ...reading, size: SIZE, seed, epoch, order: 'shuffled' };
        return [...task.batches(split, options)];
      };
      const first = batches(1, 0);
      expect(batches(1, 0)).toEqual(first);
      const rowsOf = (made: typeof first) => made.flatMap(({ indices }) => indices);
      const sorted = [...rowsOf(first)].sort((a, b) => a - b);
      expect(sorted).toEqual(sorted.map((_, index) => index));
      expect(sorted.length).toBeGreaterThan(0);
      if (sorted.length < 2 * SIZE) return;
      expect(rowsOf(batches(1, 1))).not.toEqual(rowsOf(first));
      expect(rowsOf(batches(2, 0))).not.toEqual(rowsOf(first));
    });
  });
}

function labelIsWithin(declaration: TaskDeclaration, row: TaskRow): boolean {
  if (!('label' in row)) return !('labels' in declaration) && declaration.kind !== 'regression';
  const isIndex = (count: number) => Number.isInteger(row.label) && row.label >= 0 && row.label < count;
  if ('labels' in declaration) return isIndex(declaration.labels.length);
  if (declaration.kind === 'regression') {
    return row.label >= declaration.target.minimum && row.label <= declaration.target.maximum;
  }
  // Copies of some data sets lack the right choice of a question, which is then -1.
  return 'choices' in row && (row.label === -1 || isIndex(row.choices.length));
}
