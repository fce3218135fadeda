import { describe, expect, it } from 'vitest';
import { cellId } from '../cell/cellId.js';
import { loadRegistry } from '../registry/packages.js';
import { makeCells } from './cells.js';
import { findSweep } from './findSweep.js';
import { parseOverrides, selectFromSweep } from './overrides.js';
import { parseSweep } from './parseSweep.js';

const registry = await loadRegistry();
const base = 'name: a\ntitle: b\nmodels: minilm-l6\ntasks: sentences\n';
const sweepOf = (text: string) => parseSweep({ file: 'a.yaml', text: base + text }, registry);

describe('makeCells', () => {
  it('has the settings of the PyTorch reference in the sweep "sentences"', () => {
    const cells = makeCells(parseSweep(findSweep('sentences'), registry), 'tensorflow', {});
    // Values: goldens/real_reference.md.
    expect(cells.map(({ label, config }) => [label, config.seed, config.training.learningRate])).toEqual([
      ['full', 0, 5e-5],
      ['full', 1, 5e-5],
      ['lora', 0, 1e-3],
      ['lora', 1, 1e-3],
      ['bitfit', 0, 1e-3],
      ['bitfit', 1, 1e-3],
      ['tokentune', 0, 5e-5],
      ['tokentune', 1, 5e-5],
    ]);
    expect(cells[2]?.config).toEqual({
      model: 'minilm-l6',
      task: { name: 'sentences', maxLength: 64 },
      method: 'lora(rank=8,alpha=16,targets=[attention.query,attention.value])',
      seed: 0,
      training: {
        epochs: 3,
        batchSize: 16,
        learningRate: 1e-3,
        optimizer: { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
        weightDecay: 0.01,
        schedule: 'linear',
        warmupRatio: 0.06,
        maxGradNorm: 1,
        gradientAccumulation: 1,
        padding: 'longest',
      },
      saving: 'lean',
      backend: 'tensorflow',
      dropout: 0.1,
      limits: {},
    });
  });

  it('names rows by what the grid varies, and by nothing that an override makes equal', () => {
    const sweep = sweepOf('methods: [full]\ngrid: {learningRate: [1e-4, 0.01], padding: [longest]}\n');
    const labels = (words: string[]) => makeCells(sweep, 'wasm', parseOverrides(words)).map(({ label }) => label);
    expect(labels([])).toEqual(['full learningRate=1e-4', 'full learningRate=0.01']);
    expect(labels(['learningRate=0.1'])).toEqual(['full']);
  });

  it('lets the later win: sweep, task, method, backend, grid, command line', () => {
    const sweep = sweepOf(`
methods: [full, bitfit: {learningRate: 1, epochs: 4}]
training: {learningRate: 2, epochs: 5, batchSize: 8}
backends: {wasm: {training: {epochs: 1}, task: {trainRows: 10}}}
grid: {weightDecay: [0, 0.1]}
`);
    const figures = (backend: string, words: string[]) =>
      makeCells(sweep, backend, parseOverrides(words)).map(({ label, config: { task, training } }) =>
        [label, training.learningRate, training.epochs, training.batchSize, training.weightDecay, task.trainRows].join(
          ' ',
        ),
      );
    expect(figures('tensorflow', [])).toEqual([
      'full weightDecay=0 2 5 8 0 ',
      'full weightDecay=0.1 2 5 8 0.1 ',
      'bitfit weightDecay=0 1 4 8 0 ',
      'bitfit weightDecay=0.1 1 4 8 0.1 ',
    ]);
    expect(figures('wasm', [])).toEqual([
      'full weightDecay=0 2 1 8 0 10',
      'full weightDecay=0.1 2 1 8 0.1 10',
      'bitfit weightDecay=0 1 1 8 0 10',
      'bitfit weightDecay=0.1 1 1 8 0.1 10',
    ]);
    // The override makes the grid's points equal: one cell each.
    expect(figures('wasm', ['epochs=7', 'trainRows=3', 'weightDecay=0.5'])).toEqual([
      'full 2 7 8 0.5 3',
      'bitfit 1 7 8 0.5 3',
    ]);
  });

  it('selects by label, keeping the settings, or adds a method', () => {
    const sweep = sweepOf('methods: [full, {method: lora(rank=4), training: {learningRate: 0.1}}]');
    const overrides = parseOverrides([
      'methods=lora,lora(rank=2,targets=[attention.query,attention.key])',
      'seeds=0,5',
    ]);
    const cells = makeCells(selectFromSweep(sweep, overrides, registry), 'wasm', overrides);
    expect(cells.map(({ config }) => [config.method, config.seed, config.training.learningRate])).toEqual([
      ['lora(rank=4)', 0, 0.1],
      ['lora(rank=4)', 5, 0.1],
      ['lora(rank=2,targets=[attention.query,attention.key])', 0, 5e-5],
      ['lora(rank=2,targets=[attention.query,attention.key])', 5, 5e-5],
    ]);
  });

  it('gives the defaults of an optimizer that is switched to', () => {
    const sweep = sweepOf('methods: [full]');
    expect(makeCells(sweep, 'wasm', parseOverrides(['optimizer=sgd']))[0]?.config.training.optimizer).toEqual({
      name: 'sgd',
      momentum: 0,
    });
  });

  it('takes every way of making batches, in settings, grid and words', () => {
    const batching = (lines: string, words: string[] = []) =>
      makeCells(sweepOf(`methods: [full]\n${lines}`), 'wasm', parseOverrides(words)).map(({ label, config }) => {
        const { padding, groupByLength = false } = config.training;
        return `${label}: ${padding} ${groupByLength}`;
      });
    expect(batching('')).toEqual(['full: longest false']);
    expect(batching('training: {padding: max-length, groupByLength: true}')).toEqual(['full: max-length true']);
    expect(batching('', ['padding=max-length', 'groupByLength=true'])).toEqual(['full: max-length true']);
    expect(batching('grid: {groupByLength: [false, true]}')).toEqual([
      'full groupByLength=false: longest false',
      'full groupByLength=true: longest true',
    ]);
  });

  it('searches the best epoch only where it is told to', () => {
    const training = (settings: string) =>
      makeCells(sweepOf(`methods: [full]\ntraining: {${settings}}`), 'wasm', {})[0]?.config.training;
    expect(training('select: best-dev, patience: 3')).toMatchObject({ select: 'best-dev', patience: 3 });
    // The same cell as without the setting.
    expect(training('select: last, patience: 3')).toEqual(training(''));
    expect(() => training('patience: 3')).toThrow(/training.patience: .*expected select: best-dev/);
    const words = parseOverrides(['select=best-dev', 'patience=2']);
    expect(makeCells(sweepOf('methods: [full]'), 'wasm', words)[0]?.config.training).toMatchObject({
      select: 'best-dev',
      patience: 2,
    });
  });

  it('refuses to clip with a fused optimizer', () => {
    const cellsWith = (clip: string) =>
      makeCells(sweepOf(`methods: [full]\ntraining: {optimizer: {name: adamw, fused: true}${clip}}`), 'wasm', {});
    expect(() => cellsWith('')).toThrow(/training.optimizer.fused: .*cannot clip.*expected maxGradNorm: 0/);
    expect(cellsWith(', maxGradNorm: 0')[0]?.config.training.optimizer.fused).toBe(true);
  });
});

describe('parseOverrides', () => {
  it('tells every wrong word at once', () => {
    expect(() => parseOverrides(['epoch=2', 'foo', 'trainRows=0', 'schedule=linaer', 'epochs=one'])).toThrow(
      [
        'command line: foo: is no setting (expected key=value)',
        'command line: epochs: "one" has the wrong type (expected number)',
        'command line: schedule: "linaer" is not possible here (expected one of constant, linear, cosine; did you mean "linear"?)',
        'command line: trainRows: 0 is out of range (expected > 0)',
        'command line: epoch: unknown key (did you mean "epochs"?)',
      ].join('\n'),
    );
  });
});

describe('cellId', () => {
  it('depends on values and not on the order of keys', () => {
    const config = makeCells(sweepOf('methods: [full]'), 'wasm', {})[0]?.config;
    if (config === undefined) throw new Error('no cell');
    const reversed = Object.fromEntries(Object.entries(config).reverse()) as typeof config;
    expect(cellId(reversed)).toBe(cellId(config));
    expect(cellId({ ...config, seed: 1 })).not.toBe(cellId(config));
    // SHA-256 of the canonical JSON, so that ids stay what they are from version to version.
    expect(cellId(config)).toMatch(/^[0-9a-f]{12}$/);
  });
});
