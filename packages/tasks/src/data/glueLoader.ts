/** Loader of the GLUE folder layout: one folder a task, one tab-separated file a split. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CorruptFileError, EnvironmentError, nearestName } from '@leantune/core';
import { messages } from '../messages.js';
import { ColumnReader, type ColumnLayout } from '../tabular/columns.js';
import { readTsv } from '../tabular/readTsv.js';
import { findDatasetFolder, type DataSource } from './dataFolder.js';
import type { LoadedDataset, LoadedFile, TaskRow } from './dataset.js';

type OneText = 'text' | 'label';
type TwoTexts = OneText | 'pair';

/** How the label column is spelled: the classes' spellings in the order of their indices, or the range of the target. */
export type LabelColumn =
  { readonly spellings: readonly string[] } | { readonly minimum: number; readonly maximum: number };

export interface GlueLayout {
  /** Name of the folder in the published archive. */
  readonly folder: string;
  /** Split → file name. */
  readonly files: Readonly<Record<string, string>>;
  readonly layout: ColumnLayout<OneText> | ColumnLayout<TwoTexts>;
  readonly label: LabelColumn;
}

/** A function that loads every split of the layout from the first data folder that has the task's folder. */
export function glueLoader(layout: GlueLayout): (task: string, source: DataSource) => Promise<LoadedDataset> {
  return async (task, source) => {
    const variants = [`glue/${layout.folder}`, layout.folder];
    const folder = await findDatasetFolder(task, variants, Object.values(layout.files), source);
    const files: LoadedFile[] = [];
    const splits: Record<string, TaskRow[]> = {};
    for (const [split, name] of Object.entries(layout.files)) {
      await requireFile(folder, name);
      const rows: TaskRow[] = [];
      const digest = await readSplit(join(folder, name), layout, rows);
      files.push({ path: name, ...digest });
      splits[split] = rows;
    }
    return { folder, files, splits };
  };
}

async function requireFile(folder: string, name: string): Promise<void> {
  const names = await readdir(folder);
  if (names.includes(name)) return;
  throw new EnvironmentError(messages.missingFile(join(folder, name), nearestName(name, names)), {
    code: 'LEANTUNE_MISSING_FILE',
    remedy: messages.missingFileRemedy(),
  });
}

async function readSplit(file: string, layout: GlueLayout, rows: TaskRow[]) {
  const reader = new ColumnReader<TwoTexts>(file, layout.layout as ColumnLayout<TwoTexts>);
  const digest = await readTsv(file, (cells, line) => {
    const found = reader.read(cells, line);
    if (found === undefined) return;
    const label = parseLabel(found.label, layout.label, file, line);
    // A task with one text has no `pair` column, whatever the type of the shared reader says.
    const { text, pair } = found as { readonly text: string; readonly pair?: string };
    rows.push(pair === undefined ? { text, label } : { text, pair, label });
  });
  if (rows.length === 0) {
    throw new CorruptFileError(messages.emptyFile(file, digest.bytes), {
      file,
      code: 'LEANTUNE_EMPTY_FILE',
      remedy: messages.restoreFileRemedy(),
    });
  }
  return digest;
}

const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

function parseLabel(cell: string, column: LabelColumn, file: string, line: number): number {
  if ('spellings' in column) {
    const index = column.spellings.indexOf(cell);
    if (index >= 0) return index;
    throw badLabel(
      messages.labelOutsideSet(file, line, cell, column.spellings, nearestName(cell, column.spellings)),
      file,
    );
  }
  const value = DECIMAL.test(cell) ? Number(cell) : Number.NaN;
  if (value >= column.minimum && value <= column.maximum) return value;
  throw badLabel(messages.targetOutsideRange(file, line, cell, column.minimum, column.maximum), file);
}

function badLabel(message: string, file: string): CorruptFileError {
  return new CorruptFileError(message, { file, code: 'LEANTUNE_BAD_LABEL', remedy: messages.badLabelRemedy() });
}
