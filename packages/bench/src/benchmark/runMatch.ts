/** Runs one comparison: starts the contestants, sees that they do the same job, lets them take turns. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LeantuneError } from '@leantune/core';
import { benchMessages } from '../messages/bench.js';
import { Contestant } from './contestant.js';
import type { ContestantCommand } from './contestant.js';
import type { Match } from './matches.js';
import { peerJob, peerProgram } from './peerJob.js';
import { checkAnswerSchema, prepareAnswerSchema } from './protocol.js';
import type { PrepareAnswer } from './protocol.js';
import type { AbsentPeer, Python } from './python.js';
import { pairedRatio } from './ratios.js';
import type { BenchRow, RowFacts, Side } from './rows.js';
import { compareChecks } from './sameJob.js';
import { takeTurns } from './turns.js';

export interface MatchOptions {
  readonly rounds: number;
  readonly threads: number;
  readonly onRound: (round: number) => void;
}

/** Turns of each that are not kept. */
export const warmupTurns = 2;
const restMs = 20;

/** Backends among themselves: one row each, the first is what the others are compared to. */
export async function runBackends(match: Match, options: MatchOptions): Promise<BenchRow[]> {
  const [first] = match.backends as [string];
  const facts = match.backends.map((backend) => factsOf(match, backend, first));
  const contestants = match.backends.map((backend) => ours(backend, options.threads));
  try {
    const prepared: PrepareAnswer[] = [];
    // One after another: they share the processor.
    for (const contestant of contestants) {
      prepared.push(await contestant.ask({ do: 'prepare', job: match.job }, prepareAnswerSchema));
    }
    const samplesMs = await takeTurns(contestants, { ...options, warmupTurns, restMs });
    const sides = prepared.map((answer, index) => sideOf(answer, samplesMs[index]!));
    return facts.map((fact, index) => rowOf(fact, sides[index]!, sides[0]!));
  } catch (error) {
    return facts.map((fact) => failedRow(fact, error));
  } finally {
    await Promise.all(contestants.map((contestant) => contestant.close()));
  }
}

/** One backend beside a peer. The peer reads the weights that ours writes into a folder of their own. */
export async function runBesidePeer(
  match: Match,
  module: string,
  python: Python,
  options: MatchOptions,
): Promise<BenchRow> {
  const facts = factsOf(match, match.backends[0]!, benchMessages.peerName());
  const job = match.peer!.job;
  const folder = await mkdtemp(join(tmpdir(), 'leantune-bench-'));
  const own = ours(facts.backend, options.threads);
  const peer = new Contestant(peerCommand(python, module, options.threads));
  const contestants = [own, peer];
  try {
    const ownCheck = await own.ask({ do: 'check', job, folder }, checkAnswerSchema);
    const ownPrepared = await own.ask({ do: 'prepare', job }, prepareAnswerSchema);
    const asked = peerJob(job, folder, ownPrepared.deviceKind);
    const { positions } = ownCheck;
    const selected = positions === undefined ? {} : { positions };
    const agreement = compareChecks(
      ownCheck,
      await peer.ask({ do: 'check', ...asked, ...selected }, checkAnswerSchema),
    );
    if (agreement.differences.length > 0) {
      return { ...facts, status: 'failed', reason: benchMessages.otherJob(agreement.differences), agreement };
    }
    const prepared = [ownPrepared, await peer.ask({ do: 'prepare', ...asked }, prepareAnswerSchema)];
    const samplesMs = await takeTurns(contestants, { ...options, warmupTurns, restMs });
    const [left, right] = prepared.map((answer, index) => sideOf(answer, samplesMs[index]!)) as [Side, Side];
    return { ...rowOf(facts, left, right), agreement };
  } catch (error) {
    return failedRow(facts, error);
  } finally {
    await Promise.all(contestants.map((contestant) => contestant.close()));
    await rm(folder, { recursive: true, force: true });
  }
}

/** A case that cannot be run beside a peer. */
export function absentRow(match: Match, { reason, remedy }: AbsentPeer): BenchRow {
  return { ...factsOf(match, match.backends[0]!, benchMessages.peerName()), status: 'absent', reason, remedy };
}

function ours(backend: string, threads: number): Contestant {
  return new Contestant({
    name: benchMessages.oursOn(backend),
    executable: process.execPath,
    words: [fileURLToPath(new URL('./contestantMain.js', import.meta.url)), backend],
    environment: { ...process.env, LEANTUNE_THREADS: `${threads}` },
  });
}

export function peerCommand({ executable }: Python, module: string, threads: number): ContestantCommand {
  return {
    name: benchMessages.peerName(),
    executable,
    words: [peerProgram(), module],
    environment: {
      ...process.env,
      LEANTUNE_THREADS: `${threads}`,
      OMP_NUM_THREADS: `${threads}`,
      // Everything is in the folder that it is given; nothing is written beside the sources.
      HF_HUB_OFFLINE: '1',
      TRANSFORMERS_VERBOSITY: 'error',
      PYTHONDONTWRITEBYTECODE: '1',
    },
  };
}

function factsOf({ suite, case: name, job }: Match, backend: string, reference: string): RowFacts {
  return { suite, case: name, job, backend, reference };
}

function sideOf({ device, versions }: PrepareAnswer, samplesMs: readonly number[]): Side {
  return { device, ...(versions === undefined ? {} : { versions }), samplesMs };
}

function rowOf(facts: RowFacts, own: Side, other: Side): Extract<BenchRow, { status: 'ok' }> {
  return {
    ...facts,
    status: 'ok',
    ratio: pairedRatio(own.samplesMs, other.samplesMs),
    ours: own,
    theirs: other,
  };
}

function failedRow(facts: RowFacts, error: unknown): BenchRow {
  if (!(error instanceof LeantuneError)) throw error;
  return { ...facts, status: 'failed', reason: error.message };
}
