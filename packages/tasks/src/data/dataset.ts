/** Rows of a dataset as the loaders deliver them, with what is needed to say later which rows they were. */
import { createHash } from 'node:crypto';

/** One labelled example: one text, or a pair; `label` is a class index or, in a regression, the target. */
export interface TaskRow {
  readonly text: string;
  readonly pair?: string;
  readonly label: number;
}

/** A file that was read; `path` is relative to the dataset's folder, with forward slashes. */
export interface LoadedFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface LoadedDataset {
  /** Where the files lie on this machine; for messages, not for results. */
  readonly folder: string;
  readonly files: readonly LoadedFile[];
  readonly splits: Readonly<Record<string, readonly TaskRow[]>>;
}

/** SHA-256 of the rows' content in their order: the same for a file with other columns, line ends or quoting. */
export function rowsSha256(rows: readonly TaskRow[]): string {
  const hash = createHash('sha256');
  for (const row of rows) hash.update(`${JSON.stringify([row.text, row.pair ?? null, row.label])}\n`);
  return hash.digest('hex');
}

/** Rows per class, in the order of `labels`, which names the class indices 0, 1, … */
export function countLabels(rows: readonly TaskRow[], labels: readonly string[]): Record<string, number> {
  const counts = new Array<number>(labels.length).fill(0);
  for (const row of rows) counts[row.label] = counts[row.label]! + 1;
  return Object.fromEntries(labels.map((label, index) => [label, counts[index]!]));
}
