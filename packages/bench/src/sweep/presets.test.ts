import { describe, expect, it } from 'vitest';
import { loadRegistry } from '../registry/packages.js';
import { makeCells } from './cells.js';
import { parseOverrides } from './overrides.js';
import { parseSweep } from './parseSweep.js';
import { presetNames } from './presets.js';

const registry = await loadRegistry();

const cellsOf = (lines: string, { methods = 'full', backend = 'wasm', words = [] as string[] } = {}) => {
  const text = `name: x\ntitle: X\nmodels: minilm-l6\nmethods: [${methods}]\n${lines}`;
  return makeCells(parseSweep({ file: 'x.yaml', text }, registry), backend, parseOverrides(words));
};

describe('presets', () => {
  it.each(presetNames)('%s makes cells', (name) => {
    expect(cellsOf(`preset: ${name}\ntasks: [openbookqa]\n`, { methods: 'tokentune' }).length).toBeGreaterThan(0);
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
    const [cell] = cellsOf('preset: tokentune-llama\ntasks: [open-platypus]\n', { methods: 'lora' });
    expect(cell!.config.task.evaluate).toEqual([
      { name: 'arc_challenge', shots: 25 },
      { name: 'hellaswag', shots: 10 },
      { name: 'mmlu', shots: 5 },
      { name: 'truthfulqa_mc2' },
      { name: 'winogrande' },
    ]);
    expect(cell!.config.training).toMatchObject({ batchSize: 1, gradientAccumulation: 32, schedule: 'cosine' });
  });

  const llama = 'preset: tokentune-llama\ntasks: [open-platypus]\n';

  it("gives each of TokenTune's methods its own rate and precision", () => {
    const methods = 'lora, qlora, lora(rank=8)+tokentune(ratio=0.3), tokentune(ratio=0.3)';
    const settings = (backend: string) =>
      cellsOf(llama, { methods, backend }).map(({ config: { training } }) => [
        training.learningRate,
        training.precision ?? 'fp32',
      ]);
    // scripts/train of facebookresearch/tokentune; a base that holds float32 under LoRA only.
    expect(settings('torch:cpu')).toEqual([[4e-4, 'bf16-mixed'], [4e-4, 'bf16'], [4e-4, 'bf16-mixed'], [4e-5, 'bf16']]); // prettier-ignore
    expect(settings('wasm')).toEqual([[4e-4, 'fp32'], [4e-4, 'fp32'], [4e-4, 'fp32'], [4e-5, 'fp32']]); // prettier-ignore
  });

  it('has no rate for a method that the paper does not train', () => {
    expect(() => cellsOf(llama)).toThrow(/training.learningRate: preset tokentune-llama has no learning rate for full/);
    const own = 'training: {learningRate: 1e-5, precision: fp32}\n';
    const [cell] = cellsOf(llama + own, { backend: 'torch' });
    expect(cell!.config.training).toMatchObject({ learningRate: 1e-5, precision: 'fp32' });
    expect(cellsOf(llama, { words: ['learningRate=2e-5'] })[0]!.config.training.learningRate).toBe(2e-5);
  });

  it('takes float16 for questions where the backend holds it', () => {
    const precision = (backend: string) =>
      cellsOf('preset: meft-qa\ntasks: [piqa]\n', { methods: 'meft1(width=64)', backend })[0]!.config.training
        .precision;
    expect(precision('torch')).toBe('fp16-mixed');
    expect(precision('tensorflow')).toBeUndefined();
  });

  it('warms up over steps, or over the share that a sweep says instead', () => {
    const warmup = (lines: string, words: string[] = []) => {
      const [cell] = cellsOf(llama + lines, { methods: 'lora', words });
      return [cell!.config.training.warmupSteps, cell!.config.training.warmupRatio];
    };
    expect(warmup('')).toEqual([100, 0]);
    expect(warmup('training: {warmupRatio: 0.1}\n')).toEqual([undefined, 0.1]);
    expect(warmup('training: {warmupRatio: 0.1, warmupSteps: 7}\n')).toEqual([7, 0]);
    expect(warmup('training: {warmupSteps: 0}\n')).toEqual([undefined, 0.06]);
    expect(warmup('grid: {warmupSteps: [3]}\n')).toEqual([3, 0]);
    expect(warmup('', ['warmupRatio=0.2'])).toEqual([undefined, 0.2]);
  });

  it('names the nearest preset', () => {
    expect(() => cellsOf('preset: meft-glue-smal\ntasks: [rte]\n')).toThrow('did you mean "meft-glue-small"');
  });
});
