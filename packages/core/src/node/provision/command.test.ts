import { expect, test } from 'vitest';
import { failureSummary, runCommand } from './command.js';

const node = (script: string, options = {}) => runCommand(process.execPath, ['-e', script], options);

test('exit code and output of both streams', async () => {
  const result = await node('console.log("out"); console.error("err"); process.exitCode = 4');
  expect([result.code, result.stdout]).toEqual([4, 'out\n']);
  expect(result.output.split('\n').sort()).toEqual(['', 'err', 'out']);
});

test('a program that does not exist has exit code 127', async () => {
  expect(await runCommand('no-such-program-of-ours', [])).toMatchObject({ code: 127 });
});

test('lines come one by one, whatever the chunks', async () => {
  const lines: string[] = [];
  await node('process.stdout.write("a\\nb"); setTimeout(() => process.stdout.write("c\\rd\\n"), 50)', {
    onLine: (line: string) => lines.push(line),
  });
  expect(lines).toEqual(['a', 'bc', 'd']);
});

test('a program whose time is up is ended with exit code 124', async () => {
  expect(await node('setInterval(() => {}, 1000)', { timeoutMs: 300 })).toMatchObject({ code: 124 });
});

test('an abort ends the program and rejects with its reason', async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error('stopped by the user')), 200);
  await expect(node('setInterval(() => {}, 1000)', { signal: controller.signal })).rejects.toThrow(
    'stopped by the user',
  );
});

test('a failure is summed up by its first error, else by its last lines', () => {
  // node's account of an uncaught error, and what a program without the word leaves.
  const stack =
    'node:events:1\n      throw er;\n\nError: getaddrinfo ENOTFOUND host\n    at a.js:1:2\n\nNode.js v20.20.2\n';
  expect(failureSummary(stack)).toBe('Error: getaddrinfo ENOTFOUND host');
  expect(failureSummary('binding.cc:3:1: fatal error: c_api.h: No such file\n 3 | #include\n')).toBe(
    'binding.cc:3:1: fatal error: c_api.h: No such file',
  );
  expect(failureSummary('a\n\nb\r\n  \nc\nd\n')).toBe('b | c | d');
});
