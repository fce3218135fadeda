/** Decides per cell: run, or take what is there. */
import type { CellResult } from '../result/schema.js';
import type { RunFolder } from '../result/runFolder.js';
import type { Cell } from '../sweep/cells.js';

export type PlannedCell = Cell &
  (
    | { readonly action: 'run'; readonly reason: 'new' | 'stale' | 'interrupted' | 'retry' | 'forced' }
    | { readonly action: 'keep'; readonly result: CellResult }
  );

export interface PlanOptions {
  readonly fingerprint: string;
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
      if (result.provenance.codeFingerprint !== options.fingerprint) return { ...cell, action: 'run', reason: 'stale' };
      if (result.status !== 'ok' && options.retry) return { ...cell, action: 'run', reason: 'retry' };
      return { ...cell, action: 'keep', result };
    }),
  );
}
