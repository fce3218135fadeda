/** Sweeps through the real executable with real child processes that end in every way a cell can end. */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { cellResultSchema } from '../result/schema.js';
import type { CellResult } from '../result/schema.js';
import { runCli, scriptedExecutor, workingFolder } from '../testing/runCli.js';
import type { CliOptions } from '../testing/runCli.js';

const sweep = `name: mine
title: Mine
models: minilm-l6
tasks: sentences
methods: [full, lora]
seeds: [0, 1]
`;

const folderWithSweep = () => workingFolder({ 'mine.yaml': sweep });

function run(
  cwd: string,
  endings: Readonly<Record<string, string>>,
  words: readonly string[] = [],
  options: Partial<CliOptions> = {},
) {
  return runCli(['run', 'mine.yaml', '--backend', 'wasm', '--executor', scriptedExecutor, ...words], {
    cwd,
    ...options,
    environment: { LEANTUNE_TEST_ENDINGS: JSON.stringify(endings), ...options.environment },
  });
}

function results(cwd: string): CellResult[] {
  const folder = join(cwd, 'runs/mine/cells');
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => cellResultSchema.parse(JSON.parse(readFileSync(join(folder, file), 'utf8'))))
    .sort((a, b) => a.label.localeCompare(b.label) || a.config.seed - b.config.seed);
}

const statuses = (cwd: string) => results(cwd).map(({ label, config, status }) => `${label}/${config.seed} ${status}`);

describe('a run', () => {
  it('writes results, step logs and the report, and reuses all of it the second time', async () => {
    const cwd = folderWithSweep();
    const first = await run(cwd, {});
    expect(first.code).toBe(0);
    expect(first.stdout).toContain('0.9220 ± 0.0028 (2)');
    expect(statuses(cwd)).toEqual(['full/0 ok', 'full/1 ok', 'lora/0 ok', 'lora/1 ok']);
    const [result] = results(cwd);
    expect(result?.provenance.command).toMatch(/^npx leantune run mine\.yaml/);
    const steps = readFileSync(join(cwd, 'runs/mine/cells', `${result?.id}.steps.jsonl`), 'utf8')
      .trim()
      .split('\n');
    expect(steps.map((line) => (JSON.parse(line) as { step: number }).step)).toEqual([1, 2, 3, 4]);
    expect(readdirSync(join(cwd, 'runs/mine/report')).sort()).toEqual([
      'memory-breakdown.csv',
      'memory-breakdown.png',
      'memory-breakdown.svg',
      'memory-breakdown.vl.json',
      'score-memory.csv',
      'score-memory.png',
      'score-memory.svg',
      'score-memory.vl.json',
      'scores.csv',
      'table.csv',
      'table.md',
    ]);

    const before = results(cwd);
    const second = await run(cwd, { 'full/0': 'fail' });
    expect(second.code).toBe(0);
    expect(second.stderr).toContain('mine: 4 cells, 4 kept, 0 to run');
    expect(second.stderr).toContain('All 4 results reused: nothing had to run. --force runs them again.');
    expect(second.stdout).toBe(first.stdout);
    expect(results(cwd)).toEqual(before);
  });

  it('goes on after cells that fail, says why, and retries them on request only', async () => {
    const cwd = folderWithSweep();
    const first = await run(cwd, { 'full/1': 'fail', 'lora/0': 'oom' });
    expect(first.code).toBe(1);
    expect(statuses(cwd)).toEqual(['full/0 ok', 'full/1 failed', 'lora/0 oom', 'lora/1 ok']);
    const oom = results(cwd)[2];
    expect(oom).toMatchObject({
      status: 'oom',
      failure: { code: 'LEANTUNE_TEST_BUDGET', message: 'the budget of 64 MiB is exceeded' },
      requestedBytes: 4096,
      reached: { step: 3, totalSteps: 4, phase: 'backward' },
    });
    const ids = results(cwd).map((result) => result.id);
    const repeat = `npx leantune run mine.yaml --backend wasm --executor ${scriptedExecutor}`;
    expect(first.stderr.slice(first.stderr.indexOf('failed: full'))).toBe(
      [
        'failed: full, seed 1: the data file is not there',
        '  Put it there.',
        `  log: runs/mine/cells/${ids[1]}.log`,
        'out of memory: lora, seed 0: the budget of 64 MiB is exceeded',
        `  log: runs/mine/cells/${ids[2]}.log`,
        `Run them again with: ${repeat} --retry`,
        'Report: runs/mine/report',
        '',
      ].join('\n'),
    );
    expect(readFileSync(join(cwd, 'runs/mine/cells', `${ids[1]}.log`), 'utf8')).toContain('the data file is not there');

    const second = await run(cwd, {});
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('2 failed cells kept as they are; --retry runs them again.');
    const third = await run(cwd, {}, ['--retry']);
    expect(third.code).toBe(0);
    expect(third.stderr).toContain('mine: 4 cells, 2 kept, 2 to run');
    expect(statuses(cwd)).toEqual(['full/0 ok', 'full/1 ok', 'lora/0 ok', 'lora/1 ok']);
  });

  it.each([
    ['wasm', 'oom', 'RangeError: memory access out of bounds'],
    ['sigkill', 'oom', 'the operating system killed the process (SIGKILL), as it does when memory runs out'],
    ['exit', 'failed', 'the process ended with exit code 7 before it gave a result'],
    ['unexpected', 'failed', 'TypeError: x is not a function'],
    [
      'nan',
      'failed',
      'the cell gave an invalid result: epochs[0].trainLoss: Invalid input: expected number, received NaN',
    ],
  ])('tells the ending %s', async (ending, status, message) => {
    const cwd = folderWithSweep();
    const { code } = await run(cwd, { 'full/0': ending }, ['methods=full', 'seeds=0']);
    expect(code).toBe(1);
    expect(results(cwd)[0]).toMatchObject({ status, failure: { message } });
  });

  it('tells an exhausted JavaScript heap', async () => {
    const cwd = folderWithSweep();
    const environment = { NODE_OPTIONS: '--max-old-space-size=80' };
    const { code } = await run(cwd, { 'full/0': 'heap' }, ['methods=full', 'seeds=0'], { environment });
    expect(code).toBe(1);
    expect(results(cwd)[0]).toMatchObject({ status: 'oom', failure: { code: 'LEANTUNE_HEAP_OUT_OF_MEMORY' } });
  });

  it('stops at the first failure with --on-error stop', async () => {
    const cwd = folderWithSweep();
    const { code, stderr } = await run(cwd, { 'full/0': 'fail' }, ['--on-error', 'stop']);
    expect(code).toBe(1);
    expect(stderr).toContain('Stopped after the failure (--on-error stop).');
    expect(statuses(cwd)).toEqual(['full/0 failed']);
  });

  it('stops a storm of equal failures', async () => {
    const cwd = folderWithSweep();
    const { code, stderr } = await run(cwd, { 'full/0': 'fail', 'full/1': 'fail', 'lora/0': 'fail' });
    expect(code).toBe(1);
    expect(stderr).toContain('Stopped: 3 cells in a row failed in the same way within 10 seconds each.');
    expect(statuses(cwd)).toEqual(['full/0 failed', 'full/1 failed', 'lora/0 failed']);
  });

  it('runs rows of other code again', async () => {
    const cwd = folderWithSweep();
    await run(cwd, {}, ['methods=full', 'seeds=0']);
    const [result] = results(cwd);
    if (result === undefined) throw new Error('no result');
    const path = join(cwd, 'runs/mine/cells', `${result.id}.json`);
    writeFileSync(path, JSON.stringify({ ...result, provenance: { ...result.provenance, codeFingerprint: 'old' } }));
    expect((await runCli(['report', 'mine'], { cwd })).stdout).toContain('full (stale)');
    const { stderr } = await run(cwd, {}, ['methods=full', 'seeds=0']);
    expect(stderr).toContain('mine: 1 cell, 1 stale (the code has changed), 1 to run');
    expect(results(cwd)[0]?.provenance.codeFingerprint).not.toBe('old');
  });

  it('runs rows of random weights, and of another version of the backend, again', async () => {
    const cwd = folderWithSweep();
    await run(cwd, {}, ['methods=full', 'seeds=0']);
    const rewrite = (change: (result: Extract<CellResult, { status: 'ok' }>) => void) => {
      const [result] = results(cwd);
      if (result?.status !== 'ok') throw new Error('no result');
      change(result);
      writeFileSync(join(cwd, 'runs/mine/cells', `${result.id}.json`), JSON.stringify(result));
    };
    rewrite(({ outcome }) => (outcome.sources.weights.random = true));
    const random = await run(cwd, {}, ['methods=full', 'seeds=0']);
    expect(random.stderr).toContain('mine: 1 cell, 1 of random weights (not reused), 1 to run');
    rewrite(({ outcome }) => (outcome.backend.details.package = '@tensorflow/tfjs-backend-wasm@0.0.1'));
    const other = await run(cwd, {}, ['methods=full', 'seeds=0']);
    expect(other.stderr).toContain('mine: 1 cell, 1 stale (of another version of the backend), 1 to run');
    const third = await run(cwd, {}, ['methods=full', 'seeds=0']);
    expect(third.stderr).toContain('The only result is reused: nothing had to run. --force runs it again.');
    expect((await runCli(['report', 'mien'], { cwd })).stderr).toContain('did you mean "mine"?');
  });

  it('names a damaged result file', async () => {
    const cwd = folderWithSweep();
    await run(cwd, {}, ['methods=full', 'seeds=0']);
    const id = results(cwd)[0]?.id ?? '';
    writeFileSync(join(cwd, 'runs/mine/cells', `${id}.json`), '{"status": "ok"');
    expect(await runCli(['report', 'mine'], { cwd })).toEqual({
      code: 3,
      stdout: '',
      stderr: `error: runs/mine/cells/${id}.json is damaged or of another version: is not valid JSON\nDelete runs/mine/cells/${id}.json and run the sweep again: only this cell is repeated.\n`,
    });
  });
});

describe('Ctrl-C', () => {
  const interruptible = async (signals: number) => {
    const cwd = folderWithSweep();
    const started = join(cwd, 'started');
    const result = await run(cwd, { 'full/1': 'slow' }, ['methods=full'], {
      environment: { LEANTUNE_TEST_STARTED: started },
      onStart: (child) => {
        void (async () => {
          const slowRuns = () =>
            readdirSync(cwd).includes('started') &&
            readdirSync(join(cwd, 'runs/mine/cells')).filter((file) => file.endsWith('.jsonl')).length === 2;
          while (!slowRuns()) await sleep(20);
          await sleep(100);
          for (let index = 0; index < signals; index += 1) child.kill('SIGINT');
        })();
      },
    });
    return { cwd, result };
  };

  it('lets the step finish, keeps what is done and goes on the next time', async () => {
    const { cwd, result } = await interruptible(1);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('finishing the current step … (Ctrl-C again stops at once)');
    expect(result.stderr).toContain('Interrupted. Go on with: npx leantune run mine.yaml');
    expect(statuses(cwd)).toEqual(['full/0 ok', 'full/1 interrupted']);
    const next = await run(cwd, {}, ['methods=full']);
    expect(next.code).toBe(0);
    expect(next.stderr).toContain('mine: 2 cells, 1 kept, 1 to run');
    expect(statuses(cwd)).toEqual(['full/0 ok', 'full/1 ok']);
  });

  it('twice stops at once', async () => {
    const { cwd, result } = await interruptible(2);
    expect(result.code).toBe(1);
    expect(statuses(cwd)).toEqual(['full/0 ok', 'full/1 interrupted']);
    expect(existsSync(join(cwd, 'runs/mine/report/table.md'))).toBe(true);
  });
});
