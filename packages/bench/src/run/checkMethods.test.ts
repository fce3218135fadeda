/** Methods that a model cannot take are told before the first cell, with file, line and key. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCli, workingFolder } from '../testing/runCli.js';
import { writeTinyCheckpoint } from '../testing/tinyCheckpoint.js';

const sweep = `name: mine
title: Mine
models: ./tiny
tasks: { name: sentences, maxLength: 16 }
methods:
  - full
  - lora(targets=[atention.query])
  - method: lora(targets=[head])
    label: head
  - tokentune(tokens=500): { epochs: 1 }
`;

it('tells every one of them at once', async () => {
  const cwd = workingFolder({ 'mine.yaml': sweep });
  await writeTinyCheckpoint(join(cwd, 'tiny'));
  const { code, stderr } = await runCli(['run', 'mine.yaml', '--backend', 'wasm'], { cwd });
  expect(code).toBe(2);
  const lines = stderr.slice(stderr.indexOf('error:')).split('\n');
  expect(lines[0]).toMatch(
    /^error: mine\.yaml:7: methods\[1\]: lora\(targets=\[atention\.query\]\) on \.\/tiny: .*did you mean "attention\.query"/,
  );
  expect(lines[1]).toMatch(
    /^mine\.yaml:8: methods\[2\]\.method: lora\(targets=\[head\]\) on \.\/tiny: site "head" is /,
  );
  expect(lines[2]).toMatch(
    /^mine\.yaml:10: methods\[3\]\S*: tokentune\(tokens=500\) on \.\/tiny: .*the nearest value is 16$/,
  );
  expect(lines.slice(3)).toEqual([
    'Take another method or other options for that model; npx leantune show METHOD lists them.',
    '',
  ]);
  expect(existsSync(join(cwd, 'runs'))).toBe(false);
});

it('says that the command line named it', async () => {
  const cwd = workingFolder({ 'mine.yaml': sweep });
  await writeTinyCheckpoint(join(cwd, 'tiny'));
  const words = ['run', 'mine.yaml', 'methods=full,lora(targets=[ffn.gate])', '--backend', 'wasm'];
  const { code, stderr } = await runCli(words, { cwd });
  expect([code, stderr]).toEqual([
    2,
    expect.stringMatching(/error: command line: methods: lora\(targets=\[ffn\.gate\]\) on \.\/tiny: /) as string,
  ]);
});

it('is asked by gradcheck before weights, data and tokenizer are', async () => {
  const { code, stderr } = await runCli(['gradcheck', 'gpt2', 'meft1', '--backend', 'wasm'], { cwd: workingFolder() });
  expect([code, stderr]).toEqual([
    2,
    'error: meft1 does not support GPT2LMHeadModel: MEFT is defined for bert, roberta, opt, bart, llama, vit\n',
  ]);
});
