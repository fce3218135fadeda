/** Decides per cell: run, or take what is there. */
import type { CellOutcome } from '../cell/contract.js';
import { isStale, type CodeState } from '../result/codeState.js';
import type { CellResult } from '../result/schema.js';
import type { RunFolder } from '../result/runFolder.js';
import type { Cell } from '../sweep/cells.js';

export type PlannedCell = Cell &
  (
    | {
        readonly action: 'run';
        readonly reason: 'new' | 'stale' | 'other-backend' | 'random-weights' | 'interrupted' | 'retry' | 'forced';
      }
    | { readonly action: 'keep'; readonly result: CellResult }
  );

export interface PlanOptions {
  readonly code: CodeState;
  /** What the backend says of itself: with another version of it the figures may differ. */
  readonly backendDetails: CellOutcome['backend']['details'];
  /** Run failed and out-of-memory cells again. */
  readonly retry: boolean;
  /** Run everything again. */
  readonly force: boolean;
}

export async function planCells(
  folder: RunFolder,
  cells: readonly Cell[],
  options: PlanOptions,
): Promise<PlannedCell[]> {
  return Promise.all(
    cells.map(async (cell): Promise<PlannedCell> => {
      if (options.force) return { ...cell, action: 'run', reason: 'forced' };
      const result = await folder.readResult(cell.id);
      if (result === undefined) return { ...cell, action: 'run', reason: 'new' };
      if (result.status === 'interrupted') return { ...cell, action: 'run', reason: 'interrupted' };
      if (isStale(result, options.code)) return { ...cell, action: 'run', reason: 'stale' };
      if (result.status !== 'ok' && options.retry) return { ...cell, action: 'run', reason: 'retry' };
      if (result.status === 'ok') {
        const { sources, backend } = result.outcome;
        // The checkpoint may be there by now, and figures of random weights must never pass for its own.
        if (sources.weights.random) return { ...cell, action: 'run', reason: 'random-weights' };
        if (otherVersion(backend.details, options.backendDetails)) {
          return { ...cell, action: 'run', reason: 'other-backend' };
        }
      }
      return { ...cell, action: 'keep', result };
    }),
  );
}

type Details = PlanOptions['backendDetails'];

function otherVersion(before: Details, now: Details): boolean {
  return ['package', 'tensorflowVersion', 'torchVersion', 'device', 'gpuName', 'deterministic'].some(
    (key) => before[key] !== undefined && now[key] !== undefined && before[key] !== now[key],
  );
}
