/** The real command: needs the build that `npm test` makes first. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { runCli, workingFolder } from '../testing/runCli.js';
import { writeTinyCheckpoint } from '../testing/tinyCheckpoint.js';
import { ratioSchema } from './ratios.js';

const recordSchema = z.object({
  suite: z.enum(['ops', 'steps', 'peers']),
  provenance: z.object({ command: z.string(), startedAt: z.iso.datetime(), cpu: z.object({ model: z.string() }) }),
  rows: z.array(
    z.object({
      case: z.string(),
      backend: z.string(),
      status: z.string(),
      ratio: ratioSchema.optional(),
      ours: z.object({ device: z.string(), samplesMs: z.array(z.number().positive()) }).optional(),
      reason: z.string().optional(),
      remedy: z.string().optional(),
    }),
  ),
});

async function tinyFolder(): Promise<string> {
  const cwd = workingFolder();
  await writeTinyCheckpoint(join(cwd, 'tiny'));
  return cwd;
}

const tiny = ['--model', './tiny', '--batch', '2', '--seq', '8', '--dropout', '0', '--backend', 'wasm'];

it('times steps, and says of absent peers why and what to do', async () => {
  const cwd = await tinyFolder();
  const words = ['bench', 'peers', 'steps', ...tiny, '--methods', 'full,meft1', '--rounds', '3', '--out', 'found'];
  const environment = { LEANTUNE_PYTHON: '/nowhere/python3' };
  const { code, stdout, stderr } = await runCli([...words, '--json'], { cwd, environment });
  expect({ code, stderr }).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('results: found/steps') as string,
  });
  const [steps, peers] = z.array(recordSchema).parse(JSON.parse(stdout));
  expect(steps).toMatchObject({ suite: 'steps', provenance: { command: `npx leantune ${words.join(' ')} --json` } });
  expect(steps!.rows.map((row) => [row.case, row.backend, row.status])).toEqual([
    ['full, dropout 0', 'wasm', 'ok'],
    ['meft1, dropout 0', 'wasm', 'ok'],
  ]);
  for (const { ratio, ours } of steps!.rows) {
    // Beside itself.
    expect(ratio).toEqual({ median: 1, lowerQuartile: 1, upperQuartile: 1, least: 1, most: 1, n: 3 });
    expect(ours!.samplesMs).toHaveLength(3);
  }
  expect(peers!.rows).toMatchObject([
    {
      status: 'absent',
      reason: '/nowhere/python3: not found',
      remedy: expect.stringMatching(/^pip install torch/) as string,
    },
    { status: 'absent', reason: 'nobody has written a peer of meft1' },
  ]);
  expect(
    z.array(recordSchema).parse([JSON.parse(readFileSync(join(cwd, 'found/peers/figures.json'), 'utf8'))]),
  ).toEqual([{ ...peers, provenance: { ...peers!.provenance } }]);
  expect(readFileSync(join(cwd, 'found/peers/table.md'), 'utf8')).toContain(
    'peer absent: /nowhere/python3: not found; pip install',
  );
  expect(existsSync(join(cwd, 'found/ops'))).toBe(false);
}, 180_000);

it('times ops', async () => {
  const words = ['bench', 'ops', '--ops', 'adamw,layer-norm', '--backend', 'wasm', '--rounds', '1'];
  const { code, stdout } = await runCli(words, { cwd: workingFolder() });
  expect(code).toBe(0);
  const cases = [...stdout.matchAll(/^(\S+, (?:minilm-l6|bert-base)) +wasm +wasm +1\.000/gm)].map(([, name]) => name);
  expect(cases).toEqual(
    ['minilm-l6', 'bert-base'].flatMap((sizes) => ['adamw', 'layer-norm'].map((op) => `${op}, ${sizes}`)),
  );
}, 300_000);

it('a step that fails is a row, and the exit code says so', async () => {
  // The model has 24 positions, a prefix takes 20.
  const { code, stdout } = await runCli(
    ['bench', 'steps', ...tiny, '--methods', 'prefix,tokentune(tokens=8),full', '--rounds', '1'],
    {
      cwd: await tinyFolder(),
    },
  );
  const rows = stdout.split('\n').filter((line) => line.includes(', dropout 0 '));
  expect(rows).toHaveLength(3);
  expect(rows[0]).toMatch(
    /^prefix, dropout 0 .* failed: leantune on wasm: UsageError: an input of 28 tokens is longer/,
  );
  expect(rows[1]).toMatch(/^tokentune\(tokens=8\), dropout 0 +wasm +wasm +1\.000/);
  expect(rows[2]).toMatch(/^full, dropout 0 +wasm +wasm +1\.000/);
  expect(code).toBe(1);
}, 180_000);

it('names everything that is wrong at once', async () => {
  const words = [
    'opps',
    '--ops',
    'linaer',
    '--backend',
    'wsam',
    '--methods',
    'fulll',
    '--batch',
    '0',
    '--dropout',
    '0,1',
    '--rounds',
    'many',
  ];
  const { code, stdout, stderr } = await runCli(['bench', ...words], { cwd: workingFolder() });
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr.split('\n')).toEqual([
    'error: command line: suite: unknown suite "opps" (expected one of ops, steps, peers; did you mean "ops"?)',
    'command line: --ops: unknown op "linaer" (expected one of linear, attention, layer-norm, gelu, dropout, embedding, cross-entropy, adamw; did you mean "linear"?)',
    expect.stringMatching(/^command line: --backend: unknown backend "wsam" .*did you mean "wasm"/),
    'command line: --methods: unknown method "fulll"; did you mean "full"?',
    'command line: --batch: 0 is out of range (expected > 0)',
    'command line: --dropout[1]: 1 is out of range (expected < 1)',
    'command line: --rounds: "many" has the wrong type (expected number)',
    'npx leantune bench --help shows what there is.',
    '',
  ]);
});
