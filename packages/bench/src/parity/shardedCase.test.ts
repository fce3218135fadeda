/** A reference case whose weights lie in shards gives what it gives in one file. */
import { openWeights, saveSafetensors } from '@leantune/models/node';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { formatParityResult, runParity } from './parity.js';

const shared = resolve(process.env.LEANTUNE_SHARED ?? join(import.meta.dirname, '../../../../../shared'));
const cases = join(shared, 'goldens/cases');
const found = existsSync(cases) ? readdirSync(cases).find((name) => name.startsWith('model-bert-')) : undefined;

it.skipIf(found === undefined)('runs on shards (skipped without goldens in ../shared)', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'leantune-sharded-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(join(cases, found!), folder, { recursive: true, dereference: true });
  const whole = await openWeights(join(folder, 'model.safetensors'));
  const names = whole.names().filter((name) => whole.info(name).dtype === 'F32');
  const map: Record<string, string> = {};
  for (const shard of [0, 1]) {
    const file = `model-0000${shard + 1}-of-00002.safetensors`;
    const tensors: Record<string, Awaited<ReturnType<typeof whole.read>>> = {};
    for (const name of names.filter((_, index) => index % 2 === shard)) {
      tensors[name] = await whole.read(name);
      map[name] = file;
    }
    await saveSafetensors(join(folder, file), tensors);
  }
  await whole.close();
  rmSync(join(folder, 'model.safetensors'));
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }));
  const report = await runParity([folder], { backends: ['wasm'] });
  expect(report.results.filter(({ holds }) => !holds).map((result) => formatParityResult(result))).toEqual([]);
  expect(report.results.length).toBeGreaterThan(0);
});
