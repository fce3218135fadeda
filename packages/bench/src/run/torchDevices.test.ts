/** Sweeps on the torch backend through the real executable: devices by name, and memory that libtorch does not give. */
import { isLoaded } from '@leantune/core';
import { torchProvider } from '@leantune/torch';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { cellResultSchema } from '../result/schema.js';
import { runCli, scriptedExecutor, workingFolder } from '../testing/runCli.js';

const found = await torchProvider().load();
const note = isLoaded(found) ? '' : ` [skipped: ${found.reason}]`;

const sweep = `name: mine
title: Mine
models: minilm-l6
tasks: sentences
methods: [full]
backends: { torch: { task: { trainRows: 10 } } }
`;

const outOfMemory = fileURLToPath(new URL('../../testing/torchOutOfMemory.mjs', import.meta.url));

function resultsIn(cwd: string) {
  const folder = join(cwd, 'runs/mine/cells');
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => cellResultSchema.parse(JSON.parse(readFileSync(join(folder, file), 'utf8'))));
}

describe.skipIf(!isLoaded(found))(`a sweep on torch${note}`, () => {
  const run = (cwd: string, backend: string, executor: string) =>
    runCli(['run', 'mine.yaml', '--backend', backend, '--executor', executor], { cwd });

  it('takes the device behind the name into every cell, and knows its settings by the backend alone', async () => {
    const cwd = workingFolder({ 'mine.yaml': sweep });
    expect((await run(cwd, 'torch:cpu', scriptedExecutor)).code).toBe(0);
    expect(resultsIn(cwd).map(({ config }) => [config.backend, config.task.trainRows])).toEqual([['torch:cpu', 10]]);
  });

  it.each([
    ['torch:cpy', 'torch has no device "cpy" (asked for by torch:cpy): there are cpu'],
    ['torch:cuda:99', 'torch has no device "cuda:99"'],
    ['wasm:cpu', 'unknown backend "wasm:cpu": wasm has no devices to choose from; did you mean "wasm"?'],
  ])('refuses %s before anything runs', async (backend, message) => {
    const cwd = workingFolder({ 'mine.yaml': sweep });
    const { code, stderr } = await run(cwd, backend, scriptedExecutor);
    expect([2, 3]).toContain(code);
    expect(stderr).toContain(message);
    expect(readdirSync(cwd)).toEqual(['mine.yaml']);
  });

  it('keeps memory that the allocator refuses as a row, with what was asked for and what was free', async () => {
    const cwd = workingFolder({ 'mine.yaml': sweep });
    const { code, stdout } = await run(cwd, 'torch:cpu', outOfMemory);
    expect(code).toBe(1);
    expect(stdout).toContain('OOM');
    const [result] = resultsIn(cwd);
    expect(result).toMatchObject({
      status: 'oom',
      failure: {
        code: 'LEANTUNE_OUT_OF_MEMORY',
        message: expect.stringMatching(/^out of memory on cpu in Add: 281474976710656 bytes requested/) as string,
      },
      requestedBytes: 2 ** 48,
      freeBytes: expect.any(Number) as number,
    });
  });
});
