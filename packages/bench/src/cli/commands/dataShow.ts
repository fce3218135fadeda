/** `leantune data show` and `where`: one dataset in full, and where datasets and their encoded rows lie. */
import { join } from 'node:path';
import {
  dataCache,
  encodedCacheFolder,
  encodedEntries,
  exampleOf,
  getTask,
  loadTask,
  taskNames,
  verifyDataset,
} from '@leantune/tasks';
import { stringify as toYaml } from 'yaml';
import { dataMessages } from '../../messages/data.js';
import type { DataInput } from './data.js';

export async function showData({ tasks, folder, options, terminal }: DataInput): Promise<number> {
  const source = folder === undefined ? {} : { dataFolder: folder, nowhereElse: true };
  for (const name of tasks) {
    const declaration = getTask(name);
    const task = await loadTask(name, source);
    const split = task.reportSplits[0]!;
    const shown = {
      task: name,
      kind: declaration.kind,
      summary: declaration.summary,
      source: declaration.source,
      status: task.provenance.status,
      splits: task.provenance.splits,
      published: Object.fromEntries(
        Object.entries(declaration.manifest.splits).map(([each, { rows }]) => [each, rows]),
      ),
      metrics: declaration.metrics,
      files: task.provenance.files,
      example: { split, ...exampleOf(declaration, task.rows(split)[0]!) },
      ...(task.warnings.length === 0 ? {} : { warnings: task.warnings }),
    };
    terminal.out(options.json === true ? `${JSON.stringify(shown, null, 2)}\n` : toYaml(shown, { lineWidth: 110 }));
  }
  return 0;
}

export async function whereData({ tasks, folder, options, terminal }: DataInput): Promise<number> {
  const roots = folder === undefined ? [process.env.LEANTUNE_DATA, dataCache()] : [folder];
  const found: Record<string, { readonly found?: string; readonly places: readonly string[] }> = {};
  for (const name of tasks.length === 0 ? taskNames() : tasks) {
    const { folders = [] } = getTask(name).load;
    const places = roots.flatMap((root) => (root ? folders.map((place) => join(root, place)) : []));
    const report = await verifyDataset(name, folder === undefined ? {} : { dataFolder: folder, nowhereElse: true });
    const there = report.status === 'unusable' || folders.length === 0 ? {} : { found: report.folder };
    found[name] = { ...there, places: folders.length === 0 ? [dataMessages.withoutFiles()] : places };
  }
  const entries = encodedEntries();
  const encoded = {
    folder: encodedCacheFolder(),
    entries: entries.length,
    bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0),
  };
  const shown = { ...found, [dataMessages.encodedRows()]: encoded };
  terminal.out(options.json === true ? `${JSON.stringify(shown, null, 2)}\n` : toYaml(shown, { lineWidth: 0 }));
  return 0;
}
