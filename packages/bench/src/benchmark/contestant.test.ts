import { expect, it, onTestFinished } from 'vitest';
import { Contestant } from './contestant.js';

function contestant(program: string, executable = process.execPath): Contestant {
  const made = new Contestant({ name: 'tried', executable, words: ['-e', program], environment: process.env });
  onTestFinished(() => made.close());
  return made;
}

const answering = (line: string) => `process.stdin.once('data', () => console.log(${JSON.stringify(line)}))`;

it('passes on what the process says went wrong', async () => {
  await expect(contestant(answering('{"error":"ValueError: no such model"}')).turn()).rejects.toThrow(
    'tried: ValueError: no such model',
  );
});

it.each([
  ['what is no JSON', 'Loading weights', 'tried answered what is no answer: Loading weights'],
  ['another answer', '{"loss":1}', 'tried answered what is no answer: {"loss":1}'],
])('refuses %s', async (_name, line, message) => {
  await expect(contestant(answering(line)).turn()).rejects.toThrow(message);
});

it('tells how the process ended, with its last words', async () => {
  const dying = contestant(`process.stdin.once('data', () => { console.error('out of paper'); process.exit(7); })`);
  await expect(dying.turn()).rejects.toThrow(/^tried ended with exit code 7\nout of paper$/);
  // And again: nobody waits for a process that is gone.
  await expect(dying.turn()).rejects.toThrow('exit code 7');
});

it('tells that there is no such program', async () => {
  await expect(contestant('', '/nowhere/python3').turn()).rejects.toThrow(
    'tried could not be started: spawn /nowhere/python3 ENOENT',
  );
});

it('ends a process that does not answer', async () => {
  const silent = contestant('setInterval(() => undefined, 1000)');
  const asked = silent.turn();
  const [outcome] = await Promise.allSettled([asked, silent.close()]);
  expect(outcome).toMatchObject({ status: 'rejected', reason: { message: 'tried ended with SIGTERM' } });
});
