/** Rows of a dataset as the loaders deliver them, with what is needed to say later which rows they were. */
import { createHash } from 'node:crypto';
import type { RgbImage } from '@leantune/models';

/** One labelled example: one text, or a pair; `label` is a class index or, in a regression, the target. */
export interface TextRow {
  readonly text: string;
  readonly pair?: string;
  readonly label: number;
}

/** One question with its possible answers. */
export interface ChoiceRow {
  /** Question, beginning of a text, or sentence with a blank. */
  readonly question: string;
  /** Passage that helps to answer it. */
  readonly support?: string;
  readonly choices: readonly string[];
  /** Index of the right choice; of the first one where several are right; -1 where the data lack it. */
  readonly label: number;
  /** 1 for every right choice, 0 for the others, where several may be right. */
  readonly truths?: readonly number[];
  /** What a score is split by, e.g. the subject of an examination. */
  readonly subject?: string;
}

/** One instruction with the response that a model should learn. */
export interface InstructionRow {
  readonly instruction: string;
  /** Further context; may be empty. */
  readonly input: string;
  readonly output: string;
  /** Dataset that it was taken from. */
  readonly source?: string;
}

/** One document to learn the language from. */
export interface DocumentRow {
  readonly document: string;
}

/** A question whose answer is a piece of a text. */
export interface SpanRow {
  readonly id: string;
  readonly context: string;
  readonly question: string;
  /** All accepted answers, with the index of their first character (UTF-16) in `context`. */
  readonly answers: readonly { readonly text: string; readonly start: number }[];
}

/** One labelled image; `label` is a class index. */
export interface ImageRow {
  readonly image: RgbImage;
  readonly label: number;
}

export type TaskRow = TextRow | ChoiceRow | InstructionRow | DocumentRow | SpanRow | ImageRow;

/** A file that was read; `path` is relative to the dataset's folder, with forward slashes. */
export interface LoadedFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface LoadedDataset<Row extends TaskRow = TaskRow> {
  /** Where the files lie on this machine; for messages, not for results. */
  readonly folder: string;
  readonly files: readonly LoadedFile[];
  readonly splits: Readonly<Record<string, readonly Row[]>>;
}

/** SHA-256 of the rows' content in their order: the same for a file with other columns, line ends, quoting or format. */
export function rowsSha256(rows: readonly TaskRow[]): string {
  const hash = createHash('sha256');
  for (const row of rows) {
    hash.update(`${JSON.stringify(contentOf(row))}\n`);
    if ('image' in row) hash.update(row.image.pixels);
  }
  return hash.digest('hex');
}

function contentOf(row: TaskRow): unknown {
  if ('text' in row) return [row.text, row.pair ?? null, row.label];
  if ('image' in row) return [row.image.height, row.image.width, row.label];
  return Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Rows per class, in the order of `labels`, which names the class indices 0, 1, … */
export function countLabels(rows: readonly TaskRow[], labels: readonly string[]): Record<string, number> {
  const counts = new Array<number>(labels.length).fill(0);
  for (const row of rows) if ('label' in row && row.label >= 0) counts[row.label] = (counts[row.label] ?? 0) + 1;
  return Object.fromEntries(labels.map((label, index) => [label, counts[index]!]));
}
