/** Contestants in turn, so that what slows the machine down for a while hits all of them alike. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TurnAnswer } from './protocol.js';

/** What takes turns: a contestant, whatever stands behind it. */
export interface TurnTaker {
  turn(): Promise<TurnAnswer>;
}

export interface TurnOptions {
  readonly rounds: number;
  /** Turns of each before the first round, not kept: optimiser state, first uses of kernels, warm caches. */
  readonly warmupTurns: number;
  /** Pause before every turn: threads of the one before go on spinning for some milliseconds before they sleep. */
  readonly restMs: number;
  readonly onRound?: (round: number) => void;
}

/** Each one's times in milliseconds, [contestant][round]. One at a time, in every round all in the order given. */
export async function takeTurns(
  contestants: readonly TurnTaker[],
  { rounds, warmupTurns, restMs, onRound }: TurnOptions,
): Promise<number[][]> {
  const samplesMs: number[][] = contestants.map(() => []);
  for (let round = -warmupTurns; round < rounds; round += 1) {
    if (round >= 0) onRound?.(round);
    for (const [index, contestant] of contestants.entries()) {
      await sleep(restMs);
      const { ms } = await contestant.turn();
      if (round >= 0) samplesMs[index]!.push(ms);
    }
  }
  return samplesMs;
}
