/** Real processes that note when each of their turns began and ended. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { workingFolder } from '../testing/runCli.js';
import { Contestant } from './contestant.js';
import { takeTurns } from './turns.js';

/** Takes 20 ms a turn; says which of its turns it was, counted from 1. */
const program = `
  const [name, file] = process.argv.slice(1);
  const now = () => performance.timeOrigin + performance.now();
  let turns = 0;
  require('node:readline').createInterface({ input: process.stdin }).on('line', () => {
    const begin = now();
    setTimeout(() => {
      require('node:fs').appendFileSync(file, JSON.stringify({ name, begin, end: now() }) + '\\n');
      console.log(JSON.stringify({ ms: ++turns }));
    }, 20);
  });
`;

interface Noted {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

it('lets one after the other have its turn, in the same order in every round', async () => {
  const file = join(workingFolder({ 'turns.jsonl': '' }), 'turns.jsonl');
  const contestants = ['ours', 'peer'].map(
    (name) =>
      new Contestant({
        name,
        executable: process.execPath,
        words: ['-e', program, name, file],
        environment: process.env,
      }),
  );
  onTestFinished(() => Promise.all(contestants.map((contestant) => contestant.close())).then(() => undefined));
  const rounds: number[] = [];
  const samplesMs = await takeTurns(contestants, {
    rounds: 3,
    warmupTurns: 2,
    restMs: 5,
    onRound: (round) => rounds.push(round),
  });
  const noted = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Noted);
  expect(noted.map(({ name }) => name)).toEqual(Array.from({ length: 5 }, () => ['ours', 'peer']).flat());
  for (const [index, { begin }] of noted.slice(1).entries()) expect(begin).toBeGreaterThanOrEqual(noted[index]!.end);
  // The first two turns of each were warm-up.
  expect(samplesMs).toEqual([
    [3, 4, 5],
    [3, 4, 5],
  ]);
  expect(rounds).toEqual([0, 1, 2]);
});
