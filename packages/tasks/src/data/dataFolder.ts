/** Where datasets are looked for: the folder the user names, `LEANTUNE_DATA`, then `data` in leantune's cache. */
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { EnvironmentError } from '@leantune/core';
import { cacheFolder } from '@leantune/core/node';
import { messages } from '../messages.js';

export interface DataSource {
  /** The user's folder; it must exist. */
  readonly dataFolder?: string;
  /** Look nowhere else than in `dataFolder`. */
  readonly nowhereElse?: boolean;
  /** Default: the process's. */
  readonly environment?: NodeJS.ProcessEnv;
}

const isFolder = async (path: string): Promise<boolean> =>
  stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );

/** Where downloads go, and what is looked into last. */
export function dataCache(environment: NodeJS.ProcessEnv = process.env): string {
  return join(resolve(cacheFolder(environment)), 'data');
}

/**
 * The first folder `<root>/<variant>` that `holdsSplit`, over all roots in their order; where none does, the first that
 * exists. `variants` are the places that a dataset may have below a root, e.g. `glue/MRPC` and `MRPC`; `files` only tell
 * the user what to place there. `included` comes with the task and is looked into last.
 * Throws EnvironmentError that names every place, or the named root that is not there.
 */
export async function findDatasetFolder(
  task: string,
  variants: readonly string[],
  files: readonly string[],
  holdsSplit: (folder: string) => Promise<boolean>,
  source: DataSource,
  included?: string,
): Promise<string> {
  const roots = await rootsOf(source);
  const tried = roots.flatMap((root) => variants.map((variant) => join(root, variant)));
  let existing: string | undefined;
  for (const folder of tried) {
    if (!(await isFolder(folder))) continue;
    if (await holdsSplit(folder)) return folder;
    existing ??= folder;
  }
  if (included !== undefined && source.nowhereElse !== true) return included;
  // Its loader says which file is missing there.
  if (existing !== undefined) return existing;
  throw new EnvironmentError(messages.noDataset(task, tried), {
    code: 'LEANTUNE_NO_DATASET',
    remedy: messages.noDatasetRemedy(task, variants[0]!, files),
  });
}

/** The data folders in their order. @throws EnvironmentError for a named one that is not there */
async function rootsOf(source: DataSource): Promise<string[]> {
  const environment = source.environment ?? process.env;
  const named = [
    { root: source.dataFolder, origin: '--data' },
    { root: source.nowhereElse === true ? undefined : environment.LEANTUNE_DATA, origin: 'LEANTUNE_DATA' },
  ];
  const roots: string[] = [];
  for (const { root, origin } of named) {
    if (root === undefined || root === '') continue;
    const folder = resolve(root);
    if (!(await isFolder(folder))) {
      throw new EnvironmentError(messages.noDataFolder(folder, origin), {
        code: 'LEANTUNE_NO_DATA_FOLDER',
        remedy: messages.noDataFolderRemedy(origin),
      });
    }
    roots.push(folder);
  }
  if (source.nowhereElse !== true) roots.push(dataCache(environment));
  return roots;
}
