/** Encoded rows that runs keep: told by `data where`, removed by `data clean`, which leaves datasets alone. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCli, workingFolder } from '../../testing/runCli.js';

it('tells and removes encoded rows', async () => {
  const cwd = workingFolder();
  const encoded = join(cwd, 'cache/encoded');
  const dataset = join(cwd, 'cache/data/glue/RTE/train.tsv');
  for (const folder of [encoded, join(dataset, '..')]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(encoded, 'a.encoded'), 'x'.repeat(3 * 2 ** 20));
  writeFileSync(join(encoded, 'b.encoded.1.incoming'), 'left by a run that was ended');
  writeFileSync(dataset, '');
  const run = (...words: string[]) => runCli(['data', ...words], { cwd, environment: { LEANTUNE_CACHE: 'cache' } });
  const where = async () => {
    const { stdout } = await run('where', 'sentences', '--json');
    return Object.values(JSON.parse(stdout) as Record<string, { entries?: number; bytes?: number }>).at(-1)!;
  };
  expect(await where()).toEqual({ folder: encoded, entries: 2, bytes: 3 * 2 ** 20 + 28 });
  const cleaned = await run('clean');
  expect([cleaned.code, cleaned.stdout]).toEqual([0, `2 encoded splits removed from ${encoded}: 3.0 MiB\n`]);
  expect(await where()).toMatchObject({ entries: 0, bytes: 0 });
  expect(existsSync(dataset)).toBe(true);
});
