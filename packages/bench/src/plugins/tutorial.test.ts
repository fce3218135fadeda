/** The tutorial `docs/add-a-method.md`, done as it says: its files written, its commands run, in a folder of its own. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { workingFolder } from '../testing/runCli.js';
import { writeTinyCheckpoint } from '../testing/tinyCheckpoint.js';

const run = promisify(execFile);
const tutorial = readFileSync(new URL('../../../../docs/add-a-method.md', import.meta.url), 'utf8');
const leantune = fileURLToPath(new URL('../../bin/leantune.js', import.meta.url));

/** Fenced blocks in order: shell commands, and files with their names. */
const blocks = [...tutorial.matchAll(/^```(\w+) ?(\S*)\n(.*?)^```$/gms)].map(([, language, file, content]) => ({
  language: language!,
  file: file!,
  content: content!,
}));

it('works to the letter', { timeout: 400_000 }, async () => {
  let cwd = workingFolder();
  // In place of the tutorial's model a small one: seconds, and nothing to download.
  const model = join(cwd, 'tiny');
  await writeTinyCheckpoint(model);
  // As in a shell of the author's: nothing of the run around it.
  const env = {
    ...Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_OPTIONS|NODE_ENV|LEANTUNE_TEST)/.test(name)),
    ),
    LEANTUNE_BACKEND: 'wasm',
    NO_COLOR: '1',
  };
  const printed = new Map<string, string>();
  for (const { language, file, content } of blocks) {
    if (file !== '') writeFileSync(join(cwd, file), content.replace('minilm-l6', model));
    else if (language === 'sh') {
      for (const command of content.trim().split('\n')) {
        const words = command.split(' ');
        if (words[0] === 'cd') {
          cwd = join(cwd, words[1]!);
          continue;
        }
        const [script, ...rest] = words.slice(1);
        const program = script === 'leantune' ? leantune : join(cwd, 'node_modules/.bin', script!);
        const { stdout } = await run(process.execPath, [program, ...rest], { cwd, env, maxBuffer: 2 ** 26 });
        printed.set(command, stdout);
      }
    }
  }
  const method = blocks.find(({ file }) => file === 'norm-tuning.ts')!;
  const test = blocks.find(({ file }) => file === 'norm-tuning.test.ts')!;
  expect((method.content + test.content).split('\n').length).toBeLessThan(80);
  expect(printed.get('npx vitest run')).toMatch(/Tests {2}\d+ passed( \| \d+ skipped)? \(\d+\)/);
  expect(printed.get('npx leantune show norm-tuning --plugin .')).toContain(
    'boolean, default true: train their biases too',
  );
  // 12 layers with two normalisations each and that of the embeddings, gain and bias; the head of two labels.
  const trained = (12 * 2 + 1) * 2 * 768 + 2 * 768 + 2;
  expect(printed.get('npx leantune show norm-tuning --plugin .')).toContain(`trainable: ${trained}\n`);
  const label = 'norm-tuning+tokentune';
  expect(printed.get('npx leantune run sweep.yaml')).toMatch(
    new RegExp(`\nnorm-tuning .*\n${label.replace('+', '\\+')} `),
  );
  const report = (file: string) => readFileSync(join(cwd, 'runs/norm-tuning/report', file), 'utf8');
  for (const file of ['table.md', 'table.csv', 'score-memory.svg', 'memory-breakdown.svg']) {
    expect(report(file)).toContain(label);
  }
  expect(existsSync(join(cwd, 'runs/norm-tuning/report/score-memory.png'))).toBe(true);
});
