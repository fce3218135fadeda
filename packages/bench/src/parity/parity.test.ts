import { isLoaded } from '@leantune/core';
import { nodeProviders } from '@leantune/core/node';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatParityResult, runParity } from './parity.js';

const shared = resolve(process.env.LEANTUNE_SHARED ?? join(import.meta.dirname, '../../../../../shared'));
const cases = join(shared, 'goldens/cases');
const wanted =
  /^(model-bert-|optim-|peft-(bert|llama)-(lora|dora|ia3|bitfit|adapter|prefix|prompt)|peft-opt-bitfit|nf4|tokentune-bert-|meft)/;
const folders = existsSync(cases) ? readdirSync(cases).filter((name) => wanted.test(name)) : [];

const available: { name: string; reason: string | undefined }[] = [];
for (const provider of nodeProviders()) {
  const loaded = await provider.load(); // one after the other: tfjs activates what it loads
  available.push({ name: provider.name, reason: isLoaded(loaded) ? undefined : loaded.reason });
}

describe('reference cases', () => {
  if (folders.length === 0)
    it.skip('skipped: no goldens in ../shared (LEANTUNE_SHARED names the folder)', () => undefined);
  for (const { name: backend, reason } of available) {
    if (reason !== undefined) it.skip(`[${backend}] skipped: ${reason}`, () => undefined);
    // Reference values come from PyTorch 2.13, PEFT 0.21 and the authors' code, see the cases' own provenance.
    else
      it.each(folders)(`%s [${backend}]`, async (name) => {
        const report = await runParity([join(cases, name)], { backends: [backend] });
        expect(report.results.filter(({ holds }) => !holds).map((result) => formatParityResult(result))).toEqual([]);
        expect(report.results.length).toBeGreaterThan(0);
      });
  }
});
