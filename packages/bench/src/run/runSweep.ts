/** Plan → one process per cell → one result file per cell. Knows no terminal: it tells an observer what happens. */
import { rm } from 'node:fs/promises';
import type { CellProgress } from '../cell/contract.js';
import { identityOf, type LoadedPlugin } from '../plugins/loadPlugins.js';
import { usedPlugins } from '../result/codeState.js';
import type { RunProvenance } from '../result/provenance.js';
import type { RunFolder } from '../result/runFolder.js';
import { resultSchemaVersion } from '../result/schema.js';
import type { CellResult, Reached } from '../result/schema.js';
import { Breaker } from './breaker.js';
import type { Verdict } from './classify.js';
import { watchInterrupts } from './interrupts.js';
import type { PlannedCell } from './plan.js';
import { startCell } from './runCell.js';
import type { CellProcess } from './runCell.js';

export interface RunObserver {
  readonly onCellStart: (cell: PlannedCell, index: number) => void;
  readonly onProgress: (progress: CellProgress) => void;
  readonly onLog: (message: string) => void;
  readonly onCellEnd: (result: CellResult, seconds: number) => void;
  readonly onStopping: () => void;
}

export interface RunSweepOptions {
  readonly sweep: string;
  readonly folder: RunFolder;
  readonly plan: readonly PlannedCell[];
  readonly provenance: RunProvenance;
  /** Loaded ones, by where their code lies. */
  readonly plugins: readonly LoadedPlugin[];
  readonly onError: 'continue' | 'stop';
  readonly observer: RunObserver;
  readonly executor?: string | undefined;
}

export type RunEnd = 'finished' | 'interrupted' | 'stopped-on-error' | 'breaker';

/** Runs what the plan says, in its order; results are on disk when it returns. */
export async function runSweep(options: RunSweepOptions): Promise<RunEnd> {
  const breaker = new Breaker();
  let running: CellProcess | undefined;
  let interrupted = false;
  const unwatch = watchInterrupts({
    onFirst: () => {
      interrupted = true;
      options.observer.onStopping();
      running?.stop();
    },
    onSecond: () => running?.kill(),
  });
  try {
    for (const [index, cell] of options.plan.entries()) {
      if (cell.action === 'keep') continue;
      if (interrupted) return 'interrupted';
      options.observer.onCellStart(cell, index);
      const startedAt = new Date();
      let reached: Reached | undefined;
      // An old result must not survive a run that dies: it would be taken for this one's.
      await rm(options.folder.resultPath(cell.id), { force: true });
      running = startCell({
        config: cell.config,
        stepsPath: options.folder.stepsPath(cell.id),
        logPath: options.folder.logPath(cell.id),
        executor: options.executor,
        plugins: usedPlugins(cell.config, options.plugins).map(({ folder, entry }) => folder ?? entry),
        onLog: options.observer.onLog,
        onProgress: (progress) => {
          reached = reachedBy(progress);
          options.observer.onProgress(progress);
        },
      });
      const verdict = await running.ended;
      running = undefined;
      const finishedAt = new Date();
      const seconds = (finishedAt.getTime() - startedAt.getTime()) / 1000;
      const result = toResult(options, cell, verdict, reached, startedAt, finishedAt);
      await options.folder.writeResult(result);
      options.observer.onCellEnd(result, seconds);

      if (interrupted || verdict.status === 'interrupted') return 'interrupted';
      if (verdict.status !== 'ok' && options.onError === 'stop') return 'stopped-on-error';
      if (breaker.add(verdict, seconds)) return 'breaker';
    }
    return 'finished';
  } finally {
    unwatch();
  }
}

function reachedBy(progress: CellProgress): Reached {
  return {
    step: progress.step,
    totalSteps: progress.totalSteps,
    ...(progress.phase === undefined ? {} : { phase: progress.phase }),
    ...(progress.peakBytes === undefined ? {} : { peakBytes: progress.peakBytes }),
  };
}

function toResult(
  options: RunSweepOptions,
  cell: PlannedCell,
  verdict: Verdict,
  reached: Reached | undefined,
  startedAt: Date,
  finishedAt: Date,
): CellResult {
  const plugins = usedPlugins(cell.config, options.plugins).map(identityOf);
  const base = {
    schemaVersion: resultSchemaVersion,
    id: cell.id,
    sweep: options.sweep,
    label: cell.label,
    config: cell.config,
    provenance: {
      ...options.provenance,
      ...(plugins.length === 0 ? {} : { plugins }),
      startedAt: startedAt.toISOString(),
      finishedAt: finishedAt.toISOString(),
    },
  } as const;
  if (verdict.status === 'ok') return { status: 'ok', ...base, outcome: verdict.outcome };
  return { ...base, ...verdict, ...(reached === undefined ? {} : { reached }) };
}
