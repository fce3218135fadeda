import { describe, expect, it } from 'vitest';
import { loadRegistry } from '../registry/packages.js';
import { makeCells } from './cells.js';
import { parseSweep } from './parseSweep.js';
import { presetNames } from './presets.js';

const registry = await loadRegistry();

const cellsOf = (lines: string) => {
  const text = `name: x\ntitle: X\nmodels: minilm-l6\nmethods: [full]\n${lines}`;
  return makeCells(parseSweep({ file: 'x.yaml', text }, registry), 'wasm', {});
};

describe('presets', () => {
  it.each(presetNames)('%s makes cells', (name) => {
    expect(cellsOf(`preset: ${name}\ntasks: [openbookqa]\n`).length).toBeGreaterThan(0);
  });

  it('gives the published search of MEFT, with its optimiser and prompts', () => {
    const small = cellsOf('preset: meft-glue-small\ntasks: [rte]\n');
    expect(small).toHaveLength(4 * 2 * 2);
    expect(small[0]!.config).toMatchObject({
      seed: 3407,
      task: { name: 'rte', maxLength: 512 },
      training: {
        optimizer: { beta1: 0.9, beta2: 0.98, epsilon: 1e-6 },
        weightDecay: 0.1,
        schedule: 'linear',
        warmupRatio: 0.06,
        maxGradNorm: 1,
        groupByLength: true,
        select: 'best-dev',
        patience: 8,
      },
    });
    expect(new Set(small.map(({ config }) => config.training.learningRate))).toEqual(new Set([5e-4, 6e-4, 7e-4, 8e-4]));
    const questions = cellsOf('preset: meft-qa\ntasks: [piqa]\n');
    expect(questions).toHaveLength(4 * 3 * 3);
    expect(questions[0]!.config.task).toEqual({
      name: 'piqa',
      maxLength: 128,
      trainTemplate: 'meft',
      specialTokens: false,
    });
  });

  it('takes the last epoch where the sweep says so', () => {
    const [cell] = cellsOf('preset: meft-qa\ntasks: [piqa]\ntraining: {select: last}\n');
    expect(cell!.config.training).not.toHaveProperty('select');
    expect(cell!.config.training).not.toHaveProperty('patience');
  });

  it('gives way to what the sweep says itself', () => {
    const lines =
      'preset: meft-glue-small\ntasks: [{name: rte, maxLength: 64}]\nseeds: [1, 2]\ntraining: {learningRate: 1e-3, epochs: 1}\n';
    const cells = cellsOf(lines);
    expect(cells).toHaveLength(2 * 2);
    for (const { config } of cells) {
      expect(config.task.maxLength).toBe(64);
      expect(config.training).toMatchObject({ learningRate: 1e-3, epochs: 1, weightDecay: 0.1 });
    }
  });

  it('scores a model trained on instructions on five other tasks', () => {
    const [cell] = cellsOf('preset: tokentune-llama\ntasks: [open-platypus]\n');
    expect(cell!.config.task.evaluate).toEqual([
      { name: 'arc_challenge', shots: 25 },
      { name: 'hellaswag', shots: 10 },
      { name: 'mmlu', shots: 5 },
      { name: 'truthfulqa_mc2' },
      { name: 'winogrande' },
    ]);
    expect(cell!.config.training).toMatchObject({ batchSize: 1, gradientAccumulation: 32, schedule: 'cosine' });
  });

  it('names the nearest preset', () => {
    expect(() => cellsOf('preset: meft-glue-smal\ntasks: [rte]\n')).toThrow('did you mean "meft-glue-small"');
  });
});
