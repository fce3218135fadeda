import { expect, it } from 'vitest';
import { RunFolder } from '../result/runFolder.js';
import type { OkResult } from '../result/schema.js';
import { exampleCell } from '../testing/exampleResult.js';
import { workingFolder } from '../testing/runCli.js';
import { planCells } from './plan.js';

it('computes anew what another device, GPU or library computed, and keeps the rest', async () => {
  const folder = new RunFolder(workingFolder());
  await folder.prepare();
  const cell = exampleCell({ method: 'full' });
  const result = cell.result as OkResult;
  const code = { fingerprint: () => result.provenance.codeFingerprint, plugins: [] };
  const before = { torchVersion: '2.13.0', device: 'cuda:0', gpuName: 'NVIDIA H100', deterministic: false, threads: 2 };
  const outcome = { ...result.outcome, backend: { ...result.outcome.backend, details: before } };
  await folder.writeResult({ ...result, outcome });

  const planned = async (now: Readonly<Record<string, string | number | boolean>>) => {
    const options = { code, backendDetails: { ...before, ...now }, retry: false, force: false };
    const [entry] = await planCells(folder, [cell], options);
    return entry!.action === 'run' ? entry!.reason : entry!.action;
  };
  expect(await planned({})).toBe('keep');
  // As many threads as there are here: figures of memory do not depend on them.
  expect(await planned({ threads: 8 })).toBe('keep');
  for (const now of [
    { device: 'cpu' },
    { gpuName: 'NVIDIA A100' },
    { torchVersion: '2.14.0' },
    { deterministic: true },
  ]) {
    expect(await planned(now), JSON.stringify(now)).toBe('other-backend');
  }
});
