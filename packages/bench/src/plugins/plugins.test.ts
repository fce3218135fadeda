/** Plugins through the real executable, from folders that know nothing of leantune. */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cellResultSchema, type CellResult } from '../result/schema.js';
import { runCli, scriptedExecutor, workingFolder } from '../testing/runCli.js';

const method = (name: string, summary = 'Trains the head.') => `
import { defineMethod } from '@leantune/methods';
import { z } from 'zod';

export const ${name.replaceAll('-', '_')} = defineMethod({
  name: '${name}',
  summary: '${summary}',
  reference: 'a test',
  slots: ['weights'],
  options: z.object({ width: z.int().min(1).default(2).describe('of nothing') }),
  supports: () => true,
  apply: (model) => {
    model.setTrained((parameter) => model.isHeadParameter(parameter));
    return {};
  },
});
`;

/** TypeScript that Node cannot strip: an enum; and an import spelled as TypeScript wants it. */
const typescript = `
import { summary } from './words.js';
enum Width { Standard = 2 }
const width: number = Width.Standard;
${method('typed').replace("'Trains the head.'", 'summary').replace('default(2)', 'default(width)')}
`;

const task = (name: string, summary = 'a test', kind = 'classification') => `
import { defineTask, folderLoader, jsonLines } from '@leantune/tasks';
import { z } from 'zod';

const read = jsonLines({ schema: z.object({ text: z.string(), label: z.int() }), toRow: (row) => row });
export const ${name.replaceAll('-', '_')} = {
  name: '${name}',
  summary: '${summary}',
  source: { homepage: 'https://example.org', licence: 'none', citation: 'a test' },
  kind: '${kind}',
  labels: ['no', 'yes'],
  fields: ['text'],
  splits: { train: 'train', report: ['dev'], select: 'dev' },
  metrics: ['accuracy'],
  manifest: { files: [], splits: { train: { rows: 2 }, dev: { rows: 1 } } },
  load: folderLoader({
    folders: ['${name}'],
    included: new URL('data/', import.meta.url),
    splits: { train: [{ files: ['train.jsonl'], read }], dev: [{ files: ['dev.jsonl'], read }] },
  }),
};
`;

const taskData = {
  'data/train.jsonl': '{"text": "a", "label": 0}\n{"text": "b", "label": 1}\n',
  'data/dev.jsonl': '{"text": "c", "label": 1}\n',
};

const sweep = (plugins: string, methods: string, tasks = 'sentences') => `name: mine
title: Mine
plugins: ${plugins}
models: minilm-l6
tasks: ${tasks}
methods: ${methods}
`;

function folderWith(files: Readonly<Record<string, string>>): string {
  const cwd = workingFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), content);
  }
  return cwd;
}

async function listed(cwd: string, ...plugins: string[]) {
  const words = plugins.flatMap((plugin) => ['--plugin', plugin]);
  const { code, stdout, stderr } = await runCli(['list', 'methods', '--json', ...words], { cwd });
  if (code !== 0) return { code, stderr };
  const { methods } = JSON.parse(stdout) as { methods: { name: string; summary: string }[] };
  return { code, stderr, names: methods.map(({ name }) => name), methods };
}

describe('a plugin', () => {
  it('may be a file, a folder or a package, JavaScript or TypeScript', async () => {
    const cwd = folderWith({
      'plain.mjs': method('plain'),
      'mine/typed.ts': typescript,
      'mine/words.ts': "export const summary: string = 'Typed.';\n",
      'mine/package.json': '{"name": "mine", "type": "module", "exports": {".": {"import": "./typed.ts"}}}',
      'node_modules/@some/methods/lib/index.js': `${method('packed')}export default [packed];`,
      'node_modules/@some/methods/package.json':
        '{"name": "@some/methods", "version": "1.2.3", "type": "module", "main": "lib/index.js", "peerDependencies": {"@leantune/methods": ">=0.0.1"}}',
    });
    const { names, methods } = await listed(cwd, './plain.mjs', 'mine', '@some/methods');
    expect(names?.slice(-3)).toEqual(['plain', 'typed', 'packed']);
    expect(methods?.at(-2)?.summary).toBe('Typed.');
    const shown = await runCli(['show', 'typed', '--plugin', 'mine', '--json'], { cwd });
    expect(JSON.parse(shown.stdout)).toMatchObject({
      method: 'typed',
      options: { width: expect.stringContaining('default 2') as string },
    });
  });

  it.each<[problem: string, file: string, content: string, message: string]>([
    [
      'is not there',
      'plain.js',
      method('plain'),
      'error: plugin "./plan.js" is not there: no file or folder CWD/plan.js; did you mean "plain.js"?\nPaths of plugins are relative to the sweep file, or to the current folder after --plugin.\n',
    ],
    [
      'exports no method and no task',
      'plan.js',
      'export const width = 2;\n',
      'error: plugin "./plan.js" exports no method and no task (its exports: width)\n',
    ],
    [
      'has a name that is taken',
      'plan.js',
      method('lora'),
      'error: plugin "./plan.js": the name "lora" is taken by leantune\'s own method\n',
    ],
    [
      'has a wrong shape: every problem',
      'plan.js',
      "export default { name: 'My Method', slots: ['weight'], options: {}, supports: true, apply: () => ({}) };\n",
      'error: plugin "./plan.js" exports what is no method or task: export "default": name: expected lower-case words joined by hyphens, like "my-method"; export "default": summary: Invalid input: expected string, received undefined; export "default": reference: Invalid input: expected string, received undefined; export "default": slots.0: Invalid option: expected one of "base"|"weights"|"tokens"|"stack"; export "default": options: expected a zod object: z.object({ … }), z.object({}) for no options; export "default": supports: expected a function (model) => true | string\n',
    ],
    [
      'breaks while it is loaded',
      'plan.js',
      "import 'nowhere-to-be-found';\n",
      'error: plugin "./plan.js" cannot be loaded: Error: Cannot find package \'nowhere-to-be-found\' imported from CWD/plan.js\n',
    ],
  ])('that %s is refused', async (_problem, file, content, message) => {
    const cwd = folderWith({ [file]: content });
    const { code, stderr } = await listed(cwd, './plan.js');
    expect(code).toBe(2);
    expect(stderr.replaceAll(cwd, 'CWD').slice(0, message.length)).toBe(message);
  });

  it("may bring tasks, with rows of their own; the user's folder comes first", async () => {
    const cwd = folderWith({ 'plain.mjs': task('visits'), ...taskData });
    const show = (...words: string[]) =>
      runCli(['data', 'show', 'visits', '--json', '--plugin', './plain.mjs', ...words], { cwd });
    const shown = await show();
    expect(shown.stderr).toBe('');
    expect(JSON.parse(shown.stdout)).toMatchObject({
      task: 'visits',
      status: 'same-counts',
      splits: { train: { rows: 2, labelCounts: { no: 1, yes: 1 } } },
      example: { row: { text: 'c', label: 1 } },
    });
    mkdirSync(join(cwd, 'mine/visits'), { recursive: true });
    for (const split of ['train', 'dev']) {
      writeFileSync(join(cwd, `mine/visits/${split}.jsonl`), '{"text": "other", "label": 0}\n');
    }
    const own = await runCli(['data', 'show', 'visits', '--json', '--plugin', './plain.mjs'], {
      cwd,
      environment: { LEANTUNE_DATA: join(cwd, 'mine') },
    });
    expect(JSON.parse(own.stdout)).toMatchObject({ example: { row: { text: 'other' } } });
    // In a folder that is named there is nothing.
    expect((await show('--data', 'data')).stderr).toContain('data of task "visits" not found');
    const listed = await runCli(['list', 'tasks', '--plugin', './plain.mjs'], { cwd });
    expect(listed.stdout).toMatch(/\n {2}visits +a test\n/);
    const near = await runCli(['show', 'visit', '--plugin', './plain.mjs'], { cwd });
    expect(near.stderr).toContain('nothing is called "visit": did you mean "visits"?');
  });

  it.each([
    [task('cifar-10'), 'the name "cifar-10" is taken by leantune\'s own task'],
    [task('visits', ''), 'exports what is no method or task: export "visits": summary: Too small'],
    [task('visits', 'a test', 'clasification'), 'export "visits": kind: expected one of classification, regression'],
  ])('with a task that cannot be is refused', async (content, message) => {
    const { code, stderr } = await listed(folderWith({ 'plan.js': content }), './plan.js');
    expect([code, stderr]).toEqual([2, expect.stringContaining(message) as string]);
  });

  it('for another version of leantune is refused', async () => {
    const cwd = folderWith({
      'late/index.js': method('late'),
      'late/package.json': '{"name": "late", "type": "module", "peerDependencies": {"@leantune/methods": "^7.0.0"}}',
    });
    const { code, stderr } = await listed(cwd, 'late');
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^error: plugin "late" is written for @leantune\/methods \^7\.0\.0; this is \d+\.\d+\.\d+\n/,
    );
  });
});

describe('a sweep', () => {
  const run = (cwd: string, ...words: string[]) =>
    runCli(['run', 'sweeps/mine.yaml', '--backend', 'wasm', '--executor', scriptedExecutor, ...words], { cwd });

  const results = (cwd: string): CellResult[] => {
    const folder = join(cwd, 'runs/mine/cells');
    return readdirSync(folder)
      .filter((file) => file.endsWith('.json'))
      .map((file) => cellResultSchema.parse(JSON.parse(readFileSync(join(folder, file), 'utf8'))));
  };

  it('takes plugins by a path relative to its file; their rows become stale with their code', async () => {
    const cwd = folderWith({
      'plugins/plain.js': method('plain'),
      'sweeps/mine.yaml': sweep('[../plugins/plain.js]', '[full, plain(width=3)]'),
    });
    const first = await run(cwd);
    expect([first.code, first.stdout]).toEqual([0, expect.stringContaining('\nplain ') as string]);
    const plugins = results(cwd).map(({ config, provenance }) => [config.method, provenance.plugins]);
    expect(new Map(plugins as [string, unknown][])).toEqual(
      new Map<string, unknown>([
        ['full', undefined],
        [
          'plain(width=3)',
          [{ name: 'plain', methods: ['plain'], sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string }],
        ],
      ]),
    );
    expect((await run(cwd)).stderr).toContain('mine: 2 cells, 2 kept, 0 to run');

    writeFileSync(join(cwd, 'plugins/plain.js'), method('plain').replace('return {};', 'return { };'));
    const report = await runCli(['report', 'mine', '--json'], { cwd });
    const { rows } = JSON.parse(report.stdout) as { rows: { label: string; stale: boolean }[] };
    expect(rows.map(({ label, stale }) => [label, stale])).toEqual([
      ['full', false],
      ['plain', true],
    ]);
    expect((await run(cwd, '--dry-run')).stderr).toContain('1 kept, 1 stale (the code has changed), 1 to run');
  });

  it('runs on tasks of plugins; their rows become stale with their code, the others stay', async () => {
    const cwd = folderWith({
      'plugins/visits.mjs': task('visits'),
      'plugins/data/train.jsonl': taskData['data/train.jsonl'],
      'plugins/data/dev.jsonl': taskData['data/dev.jsonl'],
      'sweeps/mine.yaml': sweep('[../plugins/visits.mjs]', '[full]', '[sentences, visits]'),
    });
    expect((await run(cwd)).code).toBe(0);
    const plugins = results(cwd).map(({ config, provenance }) => [config.task.name, provenance.plugins?.[0]?.tasks]);
    expect(new Map(plugins as [string, unknown][])).toEqual(
      new Map<string, unknown>([
        ['sentences', undefined],
        ['visits', ['visits']],
      ]),
    );
    writeFileSync(join(cwd, 'plugins/visits.mjs'), task('visits', 'another'));
    expect((await run(cwd, '--dry-run')).stderr).toContain('1 kept, 1 stale (the code has changed), 1 to run');
    const misspelt = folderWith({
      'visits.mjs': task('visits'),
      'sweeps/mine.yaml': sweep('[../visits.mjs]', '[full]', 'visit'),
    });
    expect((await run(misspelt)).stderr).toContain('unknown task "visit" (did you mean "visits"?)');
  });

  it('tells what is wrong with its plugins together with everything else', async () => {
    const cwd = folderWith({ 'sweeps/mine.yaml': sweep('[./plain.js]', '[ful]') });
    const { code, stderr } = await run(cwd);
    expect(code).toBe(2);
    expect(stderr).toContain('error: sweeps/mine.yaml:3: plugins[0]: plugin "./plain.js" is not there');
    expect(stderr).toContain('\nsweeps/mine.yaml:6: methods[0]: unknown method "ful"');
  });
});
