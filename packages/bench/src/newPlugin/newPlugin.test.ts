/** `leantune new` through the real executable; what it writes is run as its author would run it. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { runCli, workingFolder } from '../testing/runCli.js';

const run = promisify(execFile);
const newMethod = (cwd: string, ...words: string[]) => runCli(['new', 'method', ...words], { cwd });

/** As its author would; the figures of vitest's report. */
async function compileAndTest(folder: string): Promise<Record<string, number>> {
  const bin = (name: string) => join(folder, 'node_modules/.bin', name);
  // As in a shell of the author's: nothing of the run around it.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_OPTIONS|NODE_ENV|LEANTUNE_TEST)/.test(name)),
  );
  await run(process.execPath, [bin('tsc'), '--noEmit'], { cwd: folder, env });
  await run(process.execPath, [bin('vitest'), 'run', '--reporter=json', '--outputFile=report.json'], {
    cwd: folder,
    env,
    maxBuffer: 2 ** 26,
  });
  return JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Record<string, number>;
}

describe('leantune new task', () => {
  it('writes a task that compiles and passes the battery as it stands', { timeout: 200_000 }, async () => {
    const cwd = workingFolder();
    const { code, stdout, stderr } = await runCli(['new', 'task', 'my-visits'], { cwd });
    expect([code, stderr]).toEqual([0, expect.stringContaining('full and lora on my-visits') as string]);
    expect(stdout).toContain('my-visits/data/train.jsonl\n');
    expect(await compileAndTest(join(cwd, 'my-visits'))).toMatchObject({ numFailedTests: 0, numPassedTests: 6 });
    const shown = await runCli(['data', 'show', 'my-visits', '--plugin', './my-visits'], { cwd });
    expect(shown.stdout).toContain('status: same-counts');
  });

  it.each([
    ['MyTask', '"MyTask" cannot name a task: expected lower-case words joined by hyphens, like "my-task"'],
    ['rte', '"rte" is a task already: take another name, like "my-rte"'],
  ])('refuses the name %s with the nearest one', async (name, message) => {
    const cwd = workingFolder();
    const { code, stderr } = await runCli(['new', 'task', name], { cwd });
    expect([code, stderr.split('\n')[0]]).toEqual([2, `error: ${message}`]);
    expect(readdirSync(cwd)).toEqual([]);
  });
});

describe('leantune new method', () => {
  it('writes a method that compiles and passes the contract battery as it stands', { timeout: 400_000 }, async () => {
    const cwd = workingFolder();
    const { code, stdout, stderr } = await newMethod(cwd, 'my-scale', '--in', 'methods');
    expect([code, stderr]).toEqual([0, expect.stringContaining('npx vitest run') as string]);
    expect(stdout.split('\n').slice(0, 3)).toEqual([
      'methods/my-scale/package.json',
      'methods/my-scale/my-scale.ts',
      'methods/my-scale/my-scale.test.ts',
    ]);
    const report = await compileAndTest(join(cwd, 'methods/my-scale'));
    expect(report.numFailedTests).toBe(0);
    // Two spellings: the whole battery on one model, two tests on each of the other architectures.
    expect(report.numPassedTests).toBeGreaterThan(40);
  });

  it('never overwrites, and links leantune into a folder that has lost it', async () => {
    const cwd = workingFolder();
    await newMethod(cwd, 'mine');
    writeFileSync(join(cwd, 'mine/mine.ts'), '// my work\n');
    const again = await newMethod(cwd, 'mine');
    expect([again.code, again.stderr]).toEqual([
      2,
      'error: mine exists, and nothing is overwritten\nTake another folder: npx leantune new method mine --in FOLDER\n',
    ]);
    rmSync(join(cwd, 'mine/node_modules'), { recursive: true });
    const linked = await newMethod(cwd, 'mine', '--link', '--json');
    expect(JSON.parse(linked.stdout)).toMatchObject({ folder: 'mine', files: [] });
    expect(existsSync(join(cwd, 'mine/node_modules/@leantune/methods/package.json'))).toBe(true);
    expect(readFileSync(join(cwd, 'mine/mine.ts'), 'utf8')).toBe('// my work\n');
    // A link of the author's own stays, even one that points nowhere.
    rmSync(join(cwd, 'mine/node_modules/zod'));
    symlinkSync('nowhere', join(cwd, 'mine/node_modules/zod'));
    expect(JSON.parse((await newMethod(cwd, 'mine', '--link', '--json')).stdout)).toMatchObject({ links: [] });
  });

  it.each([
    ['MyMethod', '"MyMethod" cannot name a method: expected lower-case words joined by hyphens, like "my-method"'],
    ['2x', '"2x" cannot name a method: expected lower-case words joined by hyphens, like "my-2x"'],
    ['lora', '"lora" is a method already: take another name, like "my-lora"'],
  ])('refuses the name %s with the nearest one', async (name, message) => {
    const cwd = workingFolder();
    const { code, stderr } = await newMethod(cwd, name);
    expect([code, stderr.split('\n')[0]]).toEqual([2, `error: ${message}`]);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('knows what it can make', async () => {
    const { code, stderr } = await runCli(['new', 'methd', 'mine'], { cwd: workingFolder() });
    expect([code, stderr.split('\n')[0]]).toEqual([2, 'error: cannot make a new "methd": did you mean "method"?']);
  });
});
