/** What is wrong with models and data is one error before the first cell, and leaves nothing behind. */
import { existsSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli, workingFolder } from '../testing/runCli.js';
import { writeTinyCheckpoint } from '../testing/tinyCheckpoint.js';

const sweep = (model: string, maxLength: number) =>
  `name: mine\ntitle: Mine\nmodels: ${model}\ntasks: [{name: sentences, maxLength: ${maxLength}}]\nmethods: [full]\nseeds: [0, 1]\n`;

async function folderWith(model: string, maxLength = 24): Promise<string> {
  const cwd = workingFolder({ 'mine.yaml': sweep(model, maxLength) });
  await writeTinyCheckpoint(join(cwd, 'tiny'));
  return cwd;
}

async function run(cwd: string, environment: Readonly<Record<string, string>> = {}) {
  const result = await runCli(['run', 'mine.yaml', '--backend', 'wasm'], { cwd, environment });
  expect(existsSync(join(cwd, 'runs'))).toBe(false);
  expect(result.stderr.match(/error:/g)).toHaveLength(1);
  return result;
}

describe('before the first cell', () => {
  it.each([
    [
      'weights',
      (tiny: string) => truncateSync(join(tiny, 'model.safetensors'), 8000),
      /model\.safetensors: .*truncated/,
    ],
    ['configuration', (tiny: string) => writeFileSync(join(tiny, 'config.json'), '{'), /config\.json: expected JSON/],
    ['vocabulary', (tiny: string) => writeFileSync(join(tiny, 'vocab.txt'), ''), /vocab\.txt: /],
  ])('tells damaged %s', async (_what, damage, message) => {
    const cwd = await folderWith('./tiny');
    damage(join(cwd, 'tiny'));
    const { code, stderr } = await run(cwd);
    expect(stderr).toMatch(message);
    expect(code).toBe(3);
  });

  it('tells a data folder that is not there', async () => {
    const cwd = workingFolder({ 'mine.yaml': sweep('./tiny', 24).replace('sentences', 'sst2') });
    await writeTinyCheckpoint(join(cwd, 'tiny'));
    const { code, stderr } = await run(cwd, { LEANTUNE_DATA: join(cwd, 'nowhere') });
    expect([code, stderr]).toEqual([3, expect.stringContaining('LEANTUNE_DATA') as string]);
  });

  it('compares maxLength with the positions, of a model below LEANTUNE_MODELS too', async () => {
    for (const [model, root] of [
      ['./tiny', ''],
      ['tiny', '.'],
    ] as const) {
      const cwd = await folderWith(model, 25);
      const { code, stderr } = await run(cwd, { LEANTUNE_MODELS: root === '' ? '' : cwd });
      expect(stderr).toContain(
        `maxLength of task sentences: 25 is out of range (expected <= 24, the positions of ${model})`,
      );
      expect(code).toBe(2);
    }
  });
});
