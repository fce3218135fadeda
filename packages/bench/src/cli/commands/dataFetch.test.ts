/** `data fetch` of several datasets: what can be fetched comes, and all that failed is told at the end. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCli, workingFolder } from '../../testing/runCli.js';

/** RTE as if it had been fetched before, and no network. */
function prepare() {
  const cwd = workingFolder();
  const folder = join(cwd, 'cache/data/glue/RTE');
  mkdirSync(folder, { recursive: true });
  const note = ['train.tsv', 'dev.tsv'].map((path) => {
    writeFileSync(join(folder, path), path);
    return { path, bytes: path.length, sha256: createHash('sha256').update(path).digest('hex') };
  });
  writeFileSync(join(folder, '.fetched.json'), JSON.stringify(note));
  const environment = { LEANTUNE_CACHE: join(cwd, 'cache'), HF_HUB_OFFLINE: '1' };
  return { folder, fetch: (...tasks: string[]) => runCli(['data', 'fetch', ...tasks], { cwd, environment }) };
}

it('goes on after a failure and tells every one with its remedy', async () => {
  const { folder, fetch } = prepare();
  const { code, stdout, stderr } = await fetch('wnli', 'sciq', 'rte');
  expect(stdout).toBe(`rte: all files are in ${folder}\n`);
  const told = stderr.split('\n').filter((line) => /^(error|fetch)/.test(line));
  expect(told).toEqual([
    expect.stringMatching(/^error: wnli: offline, and these files are not in /),
    expect.stringMatching(/^fetch http.*WNLI\.zip elsewhere and place the files in /),
    expect.stringMatching(/^error: sciq: there is no public address/),
  ]);
  expect(code).toBe(3);
});

it('ends with the code of a single failure', async () => {
  const { folder, fetch } = prepare();
  const { code, stdout, stderr } = await fetch('sciq', 'rte');
  expect([code, stdout]).toEqual([2, `rte: all files are in ${folder}\n`]);
  expect(stderr).toMatch(/^error: sciq: there is no public address/);
  expect((await fetch('rte')).code).toBe(0);
});
