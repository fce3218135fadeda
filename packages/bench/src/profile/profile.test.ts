/** The real command on a real, tiny checkpoint. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { runCli } from '../testing/runCli.js';
import { writeTinyCheckpoint } from '../testing/tinyCheckpoint.js';

const folder = mkdtempSync(join(tmpdir(), 'leantune-profile-'));

beforeAll(() => writeTinyCheckpoint(join(folder, 'tiny')));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const profile = (...words: string[]) => runCli(['profile', ...words], { cwd: folder });

const spread = z.object({ median: z.number().positive(), mad: z.number().nonnegative(), n: z.int() });
const output = z.object({
  settings: z.object({ model: z.string(), batchSize: z.int(), sequenceLength: z.int(), rounds: z.int() }),
  warmupSteps: z.int().positive(),
  weights: z.object({ source: z.string(), sha256: z.string().length(64) }),
  backend: z.object({ name: z.string(), device: z.string(), reason: z.string() }),
  methods: z.array(
    z.object({
      method: z.string(),
      parameters: z.object({ trainable: z.int(), total: z.int() }),
      memory: z.object({ peakBytes: z.int(), staticBytes: z.int(), savedBytes: z.int() }),
      samplesMs: z.array(z.number().positive()),
      stepMs: spread,
      ratioToFirst: spread,
      savedRatioToFirst: z.number().positive(),
    }),
  ),
});

const common = ['--model', './tiny', '--batch', '4', '--seq', '24', '--rounds', '3', '--backend', 'wasm'];

describe('as JSON', () => {
  it('gives raw times and bytes, each method alone in its memory', async () => {
    const { code, stdout, stderr } = await profile(
      'full',
      'full',
      'tokentune(tokens=4)',
      'bitfit',
      ...common,
      '--json',
    );
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('round 3 of 3') as string });
    const { methods, ...rest } = output.parse(JSON.parse(stdout));
    expect(rest).toMatchObject({
      settings: { model: './tiny', batchSize: 4, sequenceLength: 24, rounds: 3 },
      weights: { source: 'folder tiny' },
      backend: { name: 'wasm' },
    });
    expect(methods.map((row) => row.method)).toEqual(['full', 'full', 'tokentune(tokens=4)', 'bitfit']);
    for (const row of methods) {
      expect(row.samplesMs).toHaveLength(3);
      expect([row.stepMs.n, row.ratioToFirst.n]).toEqual([3, 3]);
      expect(row.stepMs.median).toBe([...row.samplesMs].sort((a, b) => a - b)[1]);
    }
    const [first, again, tokentune, bitfit] = methods;
    expect(first!.ratioToFirst).toEqual({ median: 1, mad: 0, n: 3 });
    // A model that lived beside another one would have a higher peak.
    expect(again!.memory).toEqual(first!.memory);
    // Parameters, gradients and two moments, 4 bytes each.
    expect(first!.parameters.trainable).toBe(first!.parameters.total);
    expect(first!.memory.staticBytes).toBe(16 * first!.parameters.total);
    expect(bitfit!.memory.staticBytes).toBe(4 * bitfit!.parameters.total + 12 * bitfit!.parameters.trainable);
    expect(tokentune!.memory.savedBytes).toBeLessThan(first!.memory.savedBytes);
    expect(tokentune!.savedRatioToFirst).toBe(tokentune!.memory.savedBytes / first!.memory.savedBytes);
  });
});

describe('as text', () => {
  it('prints a table whose command repeats it, and saves more under the policy of PyTorch', async () => {
    const savedOf = async (saving: string) => {
      const { code, stdout } = await profile('full', ...common, '--dropout', '0', '--saving', saving);
      expect(code).toBe(0);
      expect(stdout).toContain('./tiny · 4 × 24 tokens');
      expect(stdout).toContain(`dropout 0, saving ${saving}`);
      expect(stdout).toContain(
        `command: npx leantune profile full ${common.join(' ')} --dropout 0 --saving ${saving}\n`,
      );
      const [, , , peak, saved] = /^full .*$/m.exec(stdout)![0].trim().split(/ {2,}/);
      expect(Number(peak)).toBeGreaterThan(0);
      return Number(saved);
    };
    expect(await savedOf('pytorch')).toBeGreaterThan(await savedOf('lean'));
  });
});

describe('usage errors', () => {
  it('come all at once', async () => {
    const words = ['fulll', 'lora(rnk=3)', '--model', 'tiney', '--batch', '0', '--seq', 'long', '--saving', 'leen'];
    const result = await profile(...words, '--backend', 'wsam', '--rounds', '1.5', '--dropout', '1');
    expect({ code: result.code, stdout: result.stdout }).toEqual({ code: 2, stdout: '' });
    expect(result.stderr).toMatchInlineSnapshot(`
      "error: command line: method: unknown method "fulll"; did you mean "full"?
      command line: method: lora.rnk: unknown option (expected one of rank, alpha, dropout, targets, rankStabilized; did you mean "rank"?)
      command line: --model: unknown model "tiney" (expected one of minilm-l6, bart-base, bart-large, bert-base-uncased, bert-large-uncased, distilbert-base-uncased, gpt2, llama-2-7b, llama-3-8b, llama-3.2-1b, MiniLM-L12-H384-uncased, opt-125m, opt-350m, opt-1.3b, opt-2.7b, opt-6.7b, qwen2-0.5b, roberta-base, roberta-large, vit-base-patch16-224-in21k, a folder with config.json and model.safetensors, or the name of one below LEANTUNE_MODELS, owner/name at the hub)
      command line: --backend: unknown backend "wsam" (did you mean "wasm"?)
      command line: --batch: 0 is out of range (expected > 0)
      command line: --seq: "long" has the wrong type (expected number)
      command line: --rounds: 1.5 has the wrong type (expected int)
      command line: --dropout: 1 is out of range (expected < 1)
      command line: --saving: "leen" is not possible here (expected one of pytorch, lean; did you mean "lean"?)
      npx leantune profile --help shows what there is.
      "
    `);
  });

  it('name the most positions that the model has', async () => {
    expect(await profile('ful', '--model', './tiny', '--seq', '25', '--batch', '-1')).toEqual({
      code: 2,
      stdout: '',
      stderr: [
        'error: command line: method: unknown method "ful"; did you mean "full"?',
        'command line: --batch: -1 is out of range (expected > 0)',
        'command line: --seq: 25 is out of range (expected <= 24, the positions of ./tiny)',
        'npx leantune profile --help shows what there is.',
        '',
      ].join('\n'),
    });
  });
});
