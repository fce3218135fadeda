import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ConfigurationError } from '@leantune/core';
import { describe, expect, it } from 'vitest';
import { loadRegistry } from '../registry/packages.js';
import { workingFolder } from '../testing/runCli.js';
import { findSweep, shippedSweepNames } from './findSweep.js';
import { parseSweep } from './parseSweep.js';

const registry = await loadRegistry();
const known = registry
  .models()
  .map(({ name }) => name)
  .join(', ');

function problems(text: string): string {
  try {
    parseSweep({ file: 'sweep.yaml', text }, registry);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  throw new Error('the sweep has no problem');
}

describe('parseSweep', () => {
  it.each(shippedSweepNames())('accepts the shipped sweep %s', (name) => {
    expect(parseSweep(findSweep(name), registry).name).toBe(name);
  });

  it('takes paths of models from the folder of the file, not from the current one', () => {
    const cwd = workingFolder();
    mkdirSync(join(cwd, 'sweeps/tiny'), { recursive: true });
    writeFileSync(join(cwd, 'sweeps/tiny/config.json'), '{}');
    const file = join(cwd, 'sweeps/sweep.yaml');
    const text = 'name: mine\ntitle: Mine\nmodels: ./tiny\ntasks: sentences\nmethods: [full]\n';
    expect(parseSweep({ file, text }, registry).models).toEqual([relative(process.cwd(), join(cwd, 'sweeps/tiny'))]);
    expect(() => parseSweep({ file: join(cwd, 'sweep.yaml'), text }, registry)).toThrow(/models: .*"\.\/tiny"/);
  });

  it('writes short forms out and gives canonical names', () => {
    const sweep = parseSweep(
      {
        file: 'sweep.yaml',
        text: [
          'name: mine',
          'title: Mine',
          'models: all-MiniLM-L6-v2',
          'tasks: sentences',
          'methods: [full, bitfit: {learningRate: 1e-3}, {method: "lora( rank = 4 )"}, {method: lora(rank=8), label: wide}]',
          'seeds: 3',
        ].join('\n'),
      },
      registry,
    );
    expect(sweep.models).toEqual(['minilm-l6']);
    expect(sweep.tasks).toEqual([{ name: 'sentences' }]);
    expect(sweep.methods).toEqual([
      { method: 'full', label: 'full' },
      { method: 'bitfit', label: 'bitfit', training: { learningRate: 1e-3 } },
      { method: 'lora(rank=4)', label: 'lora' },
      { method: 'lora(rank=8)', label: 'wide' },
    ]);
    expect(sweep.seeds).toEqual([3]);
  });

  it('tells every problem at once, with line, key, expectation and nearest name', () => {
    const text = `name: Bad Name
titel: something
models: minilm-l7
tasks:
  - name: sentences
    maxLenght: 64
  - name: sentense
methods:
  - ful
  - method: lora(rnk=8)
    training: {learningRat: 1e-3}
  - bitfit: {learningRate: -1}
  - lora+bitfit
seeds: [0, 0]
training:
  epochs: three
  optimizer: {name: adam}
  schedule: linaer
backends:
  wasn: {task: {trainRows: 1}}
`;
    expect(problems(text)).toBe(
      [
        'sweep.yaml: title: is missing (expected string)',
        'sweep.yaml:1: name: must be lower-case words joined by hyphens',
        'sweep.yaml:2: titel: unknown key (did you mean "title"?)',
        `sweep.yaml:3: models: unknown model "minilm-l7" (expected one of ${known}, a folder with config.json and model.safetensors, or the name of one below LEANTUNE_MODELS, owner/name at the hub; did you mean "minilm-l6"?)`,
        'sweep.yaml:6: tasks[0].maxLenght: unknown key (did you mean "maxLength"?)',
        'sweep.yaml:7: tasks[1].name: unknown task "sentense" (did you mean "sentences"?)',
        'sweep.yaml:9: methods[0]: unknown method "ful"; did you mean "full"?',
        'sweep.yaml:10: methods[1].method: lora.rnk: unknown option (expected one of rank, alpha, dropout, targets, rankStabilized; did you mean "rank"?)',
        'sweep.yaml:11: methods[1].training.learningRat: unknown key (did you mean "learningRate"?)',
        'sweep.yaml:12: methods[2].bitfit.learningRate: -1 is out of range (expected > 0)',
        'sweep.yaml:13: methods[3]: lora+bitfit: lora and bitfit both decide about "weights"; take one of them',
        'sweep.yaml:14: seeds: holds the same entry twice',
        'sweep.yaml:16: training.epochs: "three" has the wrong type (expected number)',
        'sweep.yaml:17: training.optimizer.name: "adam" is not possible here (expected one of adamw, sgd; did you mean "adamw"?)',
        'sweep.yaml:18: training.schedule: "linaer" is not possible here (expected one of constant, linear, cosine; did you mean "linear"?)',
        'sweep.yaml:20: backends.wasn: unknown backend "wasn" (did you mean "wasm"?)',
      ].join('\n'),
    );
  });

  it('names the line of broken YAML', () => {
    expect(problems('name: a\ntitle: [b\n')).toBe(
      'sweep.yaml:2: YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
    );
    expect(problems('name: a\nmethods: [full,\n  lora\n\nseeds: 0\n')).toMatch(/^sweep\.yaml:3: YAML: Flow sequence/);
  });

  it('refuses two entries of one label', () => {
    expect(
      problems(
        'name: a\ntitle: b\nmodels: minilm-l6\ntasks: sentences\nmethods: [full, {method: lora, label: full}]\n',
      ),
    ).toBe('sweep.yaml:5: methods[1]: label "full" stands twice: give one of the entries a label of its own');
  });

  it('refuses an empty file', () => {
    expect(problems('')).toBe('sweep.yaml: (whole file): null has the wrong type (expected object)');
  });
});
