/** The tutorials `docs/add-a-method.md` and `docs/add-a-task.md`, done to the letter. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { followTutorial } from '../testing/followTutorial.js';

it('of methods works', { timeout: 400_000 }, async () => {
  const { blocks, printed, cwd } = await followTutorial('add-a-method');
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

it('of tasks works', { timeout: 400_000 }, async () => {
  const { printed, cwd } = await followTutorial('add-a-task');
  expect(printed.get('npx vitest run')).toMatch(/Tests {2}6 passed \(6\)/);
  const shown = printed.get('npx leantune data show tickets --plugin .');
  expect(shown).toContain('status: same-counts');
  expect(shown).toContain('text: I want my money back');
  expect(printed.get('npx leantune data verify tickets --plugin .')).toMatch(/tickets +same-counts +train 6/);
  expect(printed.get('npx leantune run sweep.yaml')).toMatch(/\nfull .*\nlora /);
  expect(readFileSync(join(cwd, 'runs/tickets/report/table.md'), 'utf8')).toContain('accuracy');
});
