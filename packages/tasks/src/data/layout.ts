/**
 * Loader of a dataset's folder. A split may lie there in several ways (the benchmark's own files, the hub's Parquet
 * shards); the first one that is there is read.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EnvironmentError, nearestName } from '@leantune/core';
import { messages } from '../messages.js';
import { findDatasetFolder, type DataSource } from './dataFolder.js';
import type { LoadedDataset, LoadedFile, TaskRow } from './dataset.js';
import { corrupt, type FileDigest } from './readers/lines.js';

/** Reads one file, row by row. */
export type FileReader<Row> = (file: string, keep: (row: Row) => void) => Promise<FileDigest>;

/** One way in which a split may lie in the folder. */
export interface SplitFiles<Row> {
  /** Below the dataset's folder, with forward slashes; default: the folder itself. */
  readonly folder?: string;
  /** Names, or a pattern that all matching files (in the order of their names) belong to. */
  readonly files: readonly string[] | RegExp;
  readonly read: FileReader<Row> | TogetherReader<Row>;
}

/** Reads files that make sense only together, e.g. questions and their labels. */
export interface TogetherReader<Row> {
  readonly together: (files: readonly string[], keep: (row: Row) => void) => Promise<FileDigest[]>;
}

export interface DatasetLayout<Row> {
  /** Places below a data folder, e.g. `glue/MRPC` and `MRPC`. */
  readonly folders: readonly string[];
  /** Folder of rows that come with the task, looked into after the user's: `new URL('data/', import.meta.url)`. */
  readonly included?: URL;
  /** Every way of every split; the first is the published one, which messages name. */
  readonly splits: Readonly<Record<string, readonly SplitFiles<Row>[]>>;
  /** Splits that may be absent, as long as one split is there. */
  readonly optional?: readonly string[];
}

/** The Parquet shards of a split, as the hub names them: `train-00000-of-00001.parquet`, or `train/0000.parquet`. */
export function shards<Row>(
  split: string,
  read: FileReader<Row>,
  configurations: readonly string[] = [''],
): SplitFiles<Row>[] {
  const folders = [...new Set([...configurations, 'data', ''])];
  return folders.flatMap((folder): SplitFiles<Row>[] => [
    { folder, files: new RegExp(`^${split}-\\d{5}-of-\\d{5}(-[0-9a-f]+)?\\.parquet$`), read },
    { folder: join(folder, split), files: /^\d{4}\.parquet$/, read },
  ]);
}

/** Loads the splits that are there. Throws EnvironmentError, or CorruptFileError with the file. */
export interface DatasetLoader<Row extends TaskRow> {
  (task: string, source: DataSource): Promise<LoadedDataset<Row>>;
  /** Places below a data folder; a download goes to the first. Absent where the rows come with leantune. */
  readonly folders?: readonly string[];
}

export function folderLoader<Row extends TaskRow>(layout: DatasetLayout<Row>): DatasetLoader<Row> {
  const { optional = [] } = layout;
  const names = Object.values(layout.splits).flatMap(([published]) => namesOf(published!));
  const load = async (task: string, source: DataSource): Promise<LoadedDataset<Row>> => {
    const included = layout.included && fileURLToPath(layout.included);
    const holdsSplit = async (below: string): Promise<boolean> => {
      for (const ways of Object.values(layout.splits)) if (await listFiles(below, ways)) return true;
      return false;
    };
    const folder = await findDatasetFolder(task, layout.folders, [...new Set(names)], holdsSplit, source, included);
    const files: LoadedFile[] = [];
    const splits: Record<string, readonly Row[]> = {};
    const absent: SplitFiles<Row>[] = [];
    for (const [split, ways] of Object.entries(layout.splits)) {
      const found = await findFiles(folder, ways);
      if (found === undefined) {
        if (!optional.includes(split)) throw await missing(folder, ways[0]!);
        absent.push(ways[0]!);
        continue;
      }
      const rows: Row[] = [];
      files.push(...(await readFiles(folder, found.paths, found.read, rows)));
      splits[split] = rows;
    }
    if (files.length === 0) throw await missing(folder, absent[0]!);
    // One archive may hold several splits.
    const distinct = [...new Map(files.map((file) => [file.path, file])).values()];
    return { folder, files: distinct, splits };
  };
  return Object.assign(load, { folders: layout.folders });
}

async function readFiles<Row>(
  folder: string,
  paths: readonly string[],
  read: SplitFiles<Row>['read'],
  rows: Row[],
): Promise<LoadedFile[]> {
  const keep = (row: Row) => void rows.push(row);
  if (typeof read !== 'function') {
    const digests = await read.together(
      paths.map((path) => join(folder, path)),
      keep,
    );
    if (rows.length === 0) throw empty(join(folder, paths[0]!), digests[0]!.bytes);
    return paths.map((path, index) => ({ path, ...digests[index]! }));
  }
  const files: LoadedFile[] = [];
  for (const path of paths) {
    const before = rows.length;
    const digest = await read(join(folder, path), keep);
    if (rows.length === before) throw empty(join(folder, path), digest.bytes);
    files.push({ path, ...digest });
  }
  return files;
}

/** The files of the first way that is there, all of its shards or some. */
async function listFiles<Row>(folder: string, ways: readonly SplitFiles<Row>[]) {
  for (const { folder: below = '', files, read } of ways) {
    const names = await readdir(join(folder, below)).catch((): string[] => []);
    const found = isPattern(files) ? names.filter((name) => files.test(name)).sort() : [...files];
    if (found.length === 0 || !found.every((name) => names.includes(name))) continue;
    return { below, names: found, read };
  }
  return undefined;
}

/** @throws EnvironmentError where shards are missing */
async function findFiles<Row>(folder: string, ways: readonly SplitFiles<Row>[]) {
  const found = await listFiles(folder, ways);
  if (found === undefined) return undefined;
  const { below, names, read } = found;
  const shardCount = Number(/-of-(\d{5})/.exec(names[0]!)?.[1] ?? names.length);
  if (names.length < shardCount) throw incomplete(join(folder, below), names.length, shardCount);
  return { paths: names.map((name) => (below === '' ? name : `${below}/${name}`)), read };
}

const isPattern = (files: readonly string[] | RegExp): files is RegExp => files instanceof RegExp;

function namesOf({ folder = '', files }: SplitFiles<unknown>): string[] {
  const below = folder === '' ? '' : `${folder}/`;
  return isPattern(files) ? [`${below}*`] : files.map((name) => below + name);
}

async function missing(folder: string, way: SplitFiles<unknown>): Promise<EnvironmentError> {
  const names = await readdir(join(folder, way.folder ?? '')).catch((): string[] => []);
  const wanted = namesOf(way).find((name) => !names.includes(name)) ?? '';
  return new EnvironmentError(messages.missingFile(join(folder, wanted), nearestName(wanted, names)), {
    code: 'LEANTUNE_MISSING_FILE',
    remedy: messages.missingFileRemedy(),
  });
}

function incomplete(folder: string, found: number, expected: number): EnvironmentError {
  return new EnvironmentError(messages.missingShards(folder, found, expected), {
    code: 'LEANTUNE_MISSING_FILE',
    remedy: messages.missingFileRemedy(),
  });
}

function empty(file: string, bytes: number): Error {
  return corrupt(file, messages.emptyFile(file, bytes), 'LEANTUNE_EMPTY_FILE');
}
