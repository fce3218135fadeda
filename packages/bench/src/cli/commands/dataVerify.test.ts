/** What `data verify` says of datasets that are not as published, and its exit code. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { runCli, workingFolder } from '../../testing/runCli.js';

async function verify(files: Readonly<Record<string, string>>) {
  const cwd = workingFolder();
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, 'data', path)), { recursive: true });
    writeFileSync(join(cwd, 'data', path), content);
  }
  return runCli(['data', 'verify', './data'], { cwd });
}

const header = 'sentence\tlabel\n';

it('shows every warning of a sample, which is no failure', async () => {
  const { code, stdout } = await verify({ 'SST-2/train.tsv': `${header}a\t1\n`, 'SST-2/dev.tsv': `${header}b\t0\n` });
  expect(stdout).toMatch(/sst2 +sample/);
  expect(stdout).toMatch(/^warning: sst2: .*SST-2\/train\.tsv is not byte for byte the known file/m);
  expect(stdout).toMatch(/^warning: sst2: split "dev" .* is a sample: 1 of 872 published rows/m);
  expect(code).toBe(0);
});

it('fails for other rows and for a file that cannot be used, with the way out', async () => {
  const more = await verify({
    'SST-2/train.tsv': `${header}a\t1\n`,
    'SST-2/dev.tsv': header + 'b\t0\n'.repeat(873),
  });
  expect(more.stdout).toMatch(/sst2 +different/);
  expect(more.stdout).toMatch(/^warning: sst2: split "dev" .* is not the published data: 873 rows/m);
  expect(more.code).toBe(1);
  const broken = await verify({ 'SST-2/train.tsv': 'sentence\nx\n', 'SST-2/dev.tsv': header });
  expect(broken.stdout).toMatch(/sst2 +unusable/);
  expect(broken.stdout).toMatch(/^sst2: .*train\.tsv:1: no column "label"; found "sentence"$/m);
  expect(broken.stdout).toContain("  to fix it: correct the file's first line");
  expect(broken.code).toBe(1);
});
