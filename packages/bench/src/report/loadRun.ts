/** Everything on disk about one run, with each result's standing against the current code. */
import { isStale, pluginsOnDisk, type CodeState } from '../result/codeState.js';
import type { RunFolder } from '../result/runFolder.js';
import type { CellResult, RunManifest } from '../result/schema.js';

export interface LoadedCell {
  readonly id: string;
  readonly label: string;
  readonly config: RunManifest['cells'][number]['config'];
  /** Absent: not run yet. */
  readonly result?: CellResult;
  /** Computed by other code than the current one. */
  readonly stale: boolean;
}

export interface LoadedRun {
  readonly manifest: RunManifest;
  readonly cells: readonly LoadedCell[];
  /** Result files in the folder that belong to other settings. */
  readonly otherResults: number;
}

/** @param code absent plugins are looked up where the run found them */
export async function loadRun(
  folder: RunFolder,
  { fingerprint, plugins }: Pick<CodeState, 'fingerprint'> & Partial<CodeState>,
): Promise<LoadedRun> {
  const manifest = await folder.readManifest();
  const code = { fingerprint, plugins: plugins ?? pluginsOnDisk(manifest) };
  const cells = await Promise.all(
    manifest.cells.map(async (cell): Promise<LoadedCell> => {
      const result = await folder.readResult(cell.id);
      if (result === undefined) return { ...cell, stale: false };
      return { ...cell, result, stale: isStale(result, code) };
    }),
  );
  const planned = new Set(manifest.cells.map((cell) => cell.id));
  const otherResults = (await folder.resultIds()).filter((id) => !planned.has(id)).length;
  return { manifest, cells, otherResults };
}
