/** What a published dataset consists of, and how a loaded one compares with it. */
import { LeantuneError } from '@leantune/core';
import { messages } from '../messages.js';
import { countLabels, rowsSha256, type LoadedDataset, type LoadedFile } from './dataset.js';

export interface SplitManifest {
  readonly rows: number;
  /** Rows per class; absent in a regression. */
  readonly labelCounts?: Readonly<Record<string, number>>;
  /** See `rowsSha256`. */
  readonly rowsSha256: string;
}

export interface DatasetManifest {
  readonly files: readonly LoadedFile[];
  readonly splits: Readonly<Record<string, SplitManifest>>;
}

/**
 * `official`: byte for byte the published file(s); `same-rows`: other bytes, but the same rows in the same order
 * (line ends, column order, byte order mark); `different`: other rows, e.g. a sample or an edited copy.
 */
export type DatasetStatus = 'official' | 'same-rows' | 'different';

export interface ManifestComparison {
  readonly status: DatasetStatus;
  readonly files: readonly (LoadedFile & { readonly official: boolean })[];
  readonly splits: Readonly<Record<string, SplitManifest>>;
  readonly warnings: readonly string[];
}

/** Counts and hashes of what was loaded; `labels` is empty for a regression. */
export function describeSplits(dataset: LoadedDataset, labels: readonly string[]): Record<string, SplitManifest> {
  const entries = Object.entries(dataset.splits).map(([split, rows]): [string, SplitManifest] => [
    split,
    {
      rows: rows.length,
      ...(labels.length === 0 ? {} : { labelCounts: countLabels(rows, labels) }),
      rowsSha256: rowsSha256(rows),
    },
  ]);
  return Object.fromEntries(entries);
}

/**
 * Rows that differ from the published ones are the user's right and give a warning; official files whose rows come out
 * differently mean that the manifest or the loader is wrong, and that is an error.
 */
export function compareWithManifest(
  task: string,
  dataset: LoadedDataset,
  manifest: DatasetManifest,
  labels: readonly string[],
): ManifestComparison {
  const splits = describeSplits(dataset, labels);
  const published = new Map(manifest.files.map((file) => [file.path, file.sha256]));
  const files = dataset.files.map((file) => ({ ...file, official: published.get(file.path) === file.sha256 }));
  const differing = Object.entries(splits).filter(
    ([split, found]) => manifest.splits[split]?.rowsSha256 !== found.rowsSha256,
  );
  if (files.every((file) => file.official)) {
    const [first] = differing;
    if (first !== undefined) {
      const [split, found] = first;
      const message = messages.manifestContradicted(task, split, manifest.splits[split]?.rows, found.rows);
      throw new LeantuneError(message, { code: 'LEANTUNE_MANIFEST_CONTRADICTED' });
    }
    return { status: 'official', files, splits, warnings: [] };
  }
  const warnings = differing.map(([split, found]) =>
    messages.otherRows(task, split, dataset.folder, manifest.splits[split]?.rows, found.rows),
  );
  return { status: differing.length === 0 ? 'same-rows' : 'different', files, splits, warnings };
}
