/** Runs all comparisons of a bench, one after another. */
import { EnvironmentError } from '@leantune/core';
import { messages } from '../messages.js';
import { benchMessages } from '../messages/bench.js';
import { chooseBackend } from '../run/resolveBackend.js';
import { matchesOf } from './matches.js';
import type { Match } from './matches.js';
import { methodsWithPeers } from './peerJob.js';
import { findPython } from './python.js';
import type { AbsentPeer, Python } from './python.js';
import type { BenchRow } from './rows.js';
import { absentRow, runBackends, runBesidePeer } from './runMatch.js';
import type { MatchOptions } from './runMatch.js';
import { defaultRounds } from './settings.js';
import type { BenchSettings } from './settings.js';

export interface BenchHooks {
  /** Lines for people. */
  readonly onLog: (line: string) => void;
  /** All rows so far, after every comparison. */
  readonly onRows: (rows: readonly BenchRow[]) => Promise<void>;
}

/**
 * @param known names of the backends that there are
 * @throws EnvironmentError where a backend that is asked for does not load
 */
export async function runBench(
  settings: BenchSettings,
  known: readonly string[],
  { onLog, onRows }: BenchHooks,
): Promise<readonly BenchRow[]> {
  const backends = await loadingBackends(settings.backends, known, onLog);
  if (settings.randomWeights) onLog(benchMessages.randomWeights(settings.model));
  const matches = matchesOf(settings, backends);
  const python = matches.some(({ peer }) => peer !== undefined) ? await findPython() : undefined;
  const rows: BenchRow[] = [];
  for (const [index, match] of matches.entries()) {
    const rounds = settings.rounds ?? defaultRounds[match.suite];
    const title = benchMessages.matchTitle(index + 1, matches.length, match.suite, match.case, match.backends);
    const onRound = (round: number) => onLog(benchMessages.round(title, round + 1, rounds));
    rows.push(...(await run(match, python, { rounds, threads: settings.threads, onRound })));
    await onRows(rows);
  }
  return rows;
}

async function run(
  match: Match,
  python: Python | AbsentPeer | undefined,
  options: MatchOptions,
): Promise<readonly BenchRow[]> {
  if (match.peer === undefined || python === undefined) return runBackends(match, options);
  const { job, module } = match.peer;
  if (module === undefined) {
    const remedy = benchMessages.noPeerRemedy(methodsWithPeers());
    return [absentRow(match, { reason: benchMessages.noPeer(job.method), remedy })];
  }
  if ('reason' in python) return [absentRow(match, python)];
  return [await runBesidePeer(match, module, python, options)];
}

/** Those that are asked for, or all that load; each is tried in a process of its own. */
async function loadingBackends(
  wanted: readonly string[] | undefined,
  known: readonly string[],
  onLog: (line: string) => void,
): Promise<string[]> {
  const loading: string[] = [];
  for (const name of wanted ?? known) {
    try {
      const { device, reason } = await chooseBackend(name);
      onLog(messages.backendChosen(name, device, reason));
      loading.push(name);
    } catch (error) {
      if (wanted !== undefined || !(error instanceof EnvironmentError)) throw error;
      onLog(benchMessages.backendLeftOut(name, error.message, error.remedy));
    }
  }
  return loading;
}
