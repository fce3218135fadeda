/** Sentences of `leantune data`. */
import { formatMebibytes } from '../units.js';

export const dataMessages = {
  unknownAction: (word: string, actions: readonly string[], nearest: string | undefined) =>
    `leantune data: unknown action "${word}", expected one of ${actions.join(', ')}${nearest === undefined ? '' : `; did you mean "${nearest}"?`}`,
  remedy: () => 'npx leantune data --help',
  taskNeeded: (action: string) => `leantune data ${action}: name a task`,
  title: (folder: string | undefined) => (folder === undefined ? 'datasets' : `datasets in ${folder}`),
  columns: () => ['task', 'status', 'rows', 'remarks'] as const,
  rows: (split: string, rows: number, published: number | undefined) =>
    published === undefined || published === rows ? `${split} ${rows}` : `${split} ${rows} of ${published}`,
  nothingFound: (folder: string) => `no dataset found in ${folder}`,
  absent: () => 'not there',
  unusable: () => 'unusable',
  legend: () =>
    'official: byte for byte the known files; same-rows: the same rows in other bytes; same-counts: as many rows as published; sample: fewer; different: other rows.',
  fetching: (file: string, receivedBytes: number, totalBytes: number) =>
    `${file}: ${formatMebibytes(receivedBytes)} of ${formatMebibytes(totalBytes)} MiB`,
  fetched: (task: string, files: readonly string[], folder: string) =>
    files.length === 0 ? `${task}: all files are in ${folder}` : `${task}: ${files.join(', ')} → ${folder}`,
  replaced: (task: string, files: readonly string[]) =>
    `${task}: fetched again, since the content was not as published: ${files.join(', ')}`,
  warning: (text: string) => `warning: ${text}`,
  problem: (task: string, text: string, remedy: string | undefined) =>
    `${task}: ${text}${remedy === undefined ? '' : `\n  to fix it: ${remedy}`}`,
  encodedRows: () => 'encoded rows (npx leantune data clean removes them)',
  cleaned: (entries: number, bytes: number, folder: string) =>
    `${entries} encoded splits removed from ${folder}: ${formatMebibytes(bytes)} MiB`,
  withoutFiles: () => 'comes with leantune',
};
