/** Cases that cannot be run fail by themselves: the others still run, and nothing passes that did not run. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { formatParityResult, runParity } from './parity.js';

function caseFolders(cases: Readonly<Record<string, unknown>>): string {
  const root = mkdtempSync(join(tmpdir(), 'leantune-parity-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(cases)) {
    mkdirSync(join(root, name));
    writeFileSync(join(root, name, 'case.json'), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return root;
}

const run = { golden: 'golden.safetensors', task: 'classification', method: 'full', compare: {}, tolerance: {} };
const backends = ['wasm'];

it('fails every bad case with its own reason and goes on', async () => {
  const root = caseFolders({
    a: { rnus: [run] },
    b: '{',
    c: { runs: [{ ...run, tolerance: { codes: 'exactly' } }, run] },
    d: { runs: [{ ...run, method: 3 }] },
    e: { documentation: 'why', runs: [] },
  });
  const report = await runParity([root], { backends });
  expect(report.holds).toBe(false);
  expect(report.documentationOnly).toEqual(['e']);
  const lines = report.results.map((result) => formatParityResult(result).replaceAll(`${root}/`, ''));
  expect(lines).toHaveLength(5);
  expect(lines[0]).toBe('FAIL a · wasm · a/case.json: has neither "runs" nor "documentation"; expected one of them');
  expect(lines[1]).toMatch(/^FAIL b · wasm · b\/case\.json: expected JSON, found something else/);
  expect(lines[2]).toBe(
    'FAIL c · full · wasm · c/case.json: runs.0.tolerance.codes: tolerance "exactly" is not implemented, expected a number or "equal"',
  );
  expect(lines[3]).toMatch(
    /^FAIL c · full · train · wasm · a file of the case cannot be read: ENOENT.*c\/config\.json/,
  );
  expect(lines[4]).toMatch(/^FAIL d · wasm · d\/case\.json: runs\.0\.method: /);
});

it('holds for documentation alone, not for runs that no backend was named for', async () => {
  expect((await runParity([caseFolders({ a: { documentation: 'why' } })], { backends })).holds).toBe(true);
  expect((await runParity([caseFolders({ a: { runs: [run] } })], { backends: [] })).holds).toBe(false);
});

it('knows every backend before the first run', async () => {
  let ran = 0;
  const root = caseFolders({ a: { runs: [run] } });
  await expect(runParity([root], { backends: ['wasm', 'wsam'], onResult: () => (ran += 1) })).rejects.toThrow(/wsam/);
  expect(ran).toBe(0);
});
