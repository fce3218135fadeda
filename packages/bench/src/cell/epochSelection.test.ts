/** The epoch that is reported: by rule, and in real cells. */
import { Parameter, useBackend } from '@leantune/core';
import { loadBackend } from '@leantune/core/node';
import { loadTask } from '@leantune/tasks';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CellConfig, Metric } from './contract.js';
import { EpochSelection } from './epochSelection.js';
import { executeCell } from './executeCell.js';

const metric = (name: string, value: number | undefined, split = 'dev'): Metric => ({
  name,
  direction: name === 'loss' ? 'lower' : 'higher',
  split,
  ...(value === undefined ? {} : { value }),
});
const task = await loadTask('sentences', { trainRows: 40, devRows: 40 });

beforeAll(async () => useBackend(await loadBackend('wasm')));

describe('the epoch that is reported', () => {
  const after = (settings: ConstructorParameters<typeof EpochSelection>[0], epochs: readonly Metric[][]) => {
    const selection = new EpochSelection(settings, task, []);
    let trained = 0;
    for (const metrics of epochs) {
      trained += 1;
      selection.add(metrics);
      if (selection.signal.aborted) break;
    }
    const warned = selection.warnings.length === 0 ? {} : { warned: selection.warnings };
    return { trained, epoch: selection.epoch, ...selection.outcome, ...warned };
  };
  const scores = (...values: (number | undefined)[]) => values.map((value) => [metric('accuracy', value)]);

  it('is the last one by default, and nothing stops', () => {
    expect(after({}, scores(0.9, 0.1, 0.2))).toEqual({ trained: 3, epoch: 3 });
  });

  it('is the first of the best, by the first metric of the split that selects', () => {
    const selected = { epoch: 2, epochs: 4, metric: 'accuracy', split: 'dev', value: 0.8 };
    expect(after({ select: 'best-dev' }, scores(0.7, 0.8, 0.8, undefined))).toEqual({ trained: 4, epoch: 2, selected });
    const elsewhere = [0.1, 0.2].map((value) => [metric('acc', 1 - value, 'test'), metric('acc', value)]);
    expect(after({ select: 'best-dev' }, elsewhere).epoch).toBe(2);
  });

  it('is that of the lowest loss where there is one', () => {
    const epochs = [
      [metric('acc', 0.9), metric('loss', 2)],
      [metric('acc', 0.1), metric('loss', 1)],
      [metric('acc', 0.5), metric('loss', 3)],
    ];
    expect(after({ select: 'best-dev' }, epochs).selected).toEqual({
      ...{ epoch: 2, epochs: 3, metric: 'loss', split: 'dev', value: 1 },
    });
  });

  it('comes at most `patience` epochs before the end, as in transformers', () => {
    const falling = scores(0.5, 0.6, 0.6, 0.5, 0.9);
    expect(after({ select: 'best-dev', patience: 2 }, falling)).toMatchObject({ trained: 4, epoch: 2 });
    expect(after({ select: 'best-dev', patience: 3 }, falling)).toMatchObject({ trained: 5, epoch: 5 });
  });

  it('is the last one where no score is defined, with a warning', () => {
    expect(after({ select: 'best-dev' }, scores(undefined, undefined))).toEqual({
      trained: 2,
      epoch: 2,
      warned: ['no epoch has a defined score on the dev split to be selected by: the last one is reported'],
    });
  });

  it('comes back with the values that its parameters had', () => {
    const parameter = Parameter.from([1, 2], [2]);
    const selection = new EpochSelection({ select: 'best-dev' }, task, [['p', parameter]]);
    for (const [values, score] of [
      [[3, 4], 0.7],
      [[5, 6], 0.9],
      [[7, 8], 0.8],
    ] as const) {
      parameter.fill(Float32Array.from(values));
      selection.add([metric('accuracy', score)]);
    }
    selection.restore();
    expect([...parameter.read()]).toEqual([5, 6]);
    parameter.release();
  });
});

describe('a cell', () => {
  beforeAll(() => {
    // No checkpoint: a small random model stands in, whose scores go up and down.
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    vi.stubEnv('HF_HUB_CACHE', '/nowhere');
    vi.stubEnv('LEANTUNE_CACHE', '/nowhere');
    vi.stubEnv('LEANTUNE_MODELS', '');
    vi.stubEnv('PIP_NO_INDEX', '1');
  });
  afterAll(() => vi.unstubAllEnvs());

  const config = (training: Partial<CellConfig['training']>): CellConfig => ({
    model: 'minilm-l6',
    task: {
      name: 'sentences',
      maxLength: 16,
      trainRows: 24,
      devRows: 60,
      evaluate: [{ name: 'sentences', devRows: 60 }],
    },
    method: 'full',
    seed: 1,
    training: {
      epochs: 8,
      batchSize: 8,
      learningRate: 1e-2,
      optimizer: { name: 'adamw', beta1: 0.9, beta2: 0.98, epsilon: 1e-6 },
      weightDecay: 0.1,
      schedule: 'constant',
      warmupRatio: 0.06,
      maxGradNorm: 1,
      gradientAccumulation: 1,
      padding: 'longest',
      ...training,
    },
    saving: 'lean',
    backend: 'wasm',
    limits: {},
  });
  const hooks = {
    onProgress: () => undefined,
    onLog: () => undefined,
    onStep: async () => undefined,
    breathe: async () => undefined,
  };
  const valueOn = (metrics: readonly Metric[], split: string) => metrics.find((each) => each.split === split)!.value!;

  it('reports its best epoch, and scores other tasks with the model of then', { timeout: 240_000 }, async () => {
    const last = await executeCell(config({}), hooks);
    const best = await executeCell(config({ select: 'best-dev' }), hooks);
    expect(last.selected).toBeUndefined();
    expect(valueOn(last.metrics, 'sentences/dev')).toBe(valueOn(last.metrics, 'dev'));
    const scores = best.epochs.map(({ metrics }) => valueOn(metrics, 'dev'));
    expect(scores).toEqual(last.epochs.map(({ metrics }) => valueOn(metrics, 'dev')));
    const highest = Math.max(...scores);
    expect(highest).toBeGreaterThan(scores.at(-1)!); // else this would show nothing
    expect(best.selected).toEqual({
      ...{ epoch: scores.indexOf(highest) + 1, epochs: 8, metric: 'accuracy', split: 'dev', value: highest },
    });
    expect(valueOn(best.metrics, 'dev')).toBe(highest);
    expect(valueOn(best.metrics, 'sentences/dev')).toBe(highest);

    const stopped = await executeCell(config({ select: 'best-dev', patience: 1 }), hooks);
    const end = scores.findIndex((score, epoch) => epoch > 0 && score <= Math.max(...scores.slice(0, epoch)));
    expect(stopped.epochs.map(({ metrics }) => valueOn(metrics, 'dev'))).toEqual(scores.slice(0, end + 1));
    expect(stopped.selected).toMatchObject({ epoch: end, epochs: end + 1 });
  });
});
