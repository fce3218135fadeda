/** What a published dataset consists of, and how a loaded one compares with it. */
import { join } from 'node:path';
import { LeantuneError } from '@leantune/core';
import { messages } from '../messages.js';
import { countLabels, rowsSha256, type LoadedDataset, type LoadedFile } from './dataset.js';
import { hasEmptyText } from './emptyText.js';

export interface SplitManifest {
  readonly rows: number;
  /** Rows per class; absent in a regression. */
  readonly labelCounts?: Readonly<Record<string, number>>;
  /** See `rowsSha256`; absent where the published rows are known by their number only. */
  readonly rowsSha256?: string;
}

export interface DatasetManifest {
  readonly files: readonly LoadedFile[];
  readonly splits: Readonly<Record<string, SplitManifest>>;
}

/**
 * `official`: byte for byte the known file(s); `same-rows`: other bytes, but the same rows in the same order (line ends,
 * column order, byte order mark, another format); `same-counts`: as many rows as published, whose content is not known
 * here; `sample`: of some split fewer rows than published, and nowhere other ones that are known; `different`: the rest,
 * e.g. an edited copy.
 */
export type DatasetStatus = 'official' | 'same-rows' | 'same-counts' | 'sample' | 'different';

export interface ManifestComparison {
  readonly status: DatasetStatus;
  readonly files: readonly (LoadedFile & { readonly official: boolean })[];
  readonly splits: Readonly<Record<string, SplitManifest & { readonly rowsSha256: string }>>;
  readonly warnings: readonly string[];
}

/** Counts and hashes of what was loaded; `labels` is empty for a regression. */
export function describeSplits(dataset: LoadedDataset, labels: readonly string[]): ManifestComparison['splits'] {
  const entries = Object.entries(dataset.splits).map(
    ([split, rows]): [string, ManifestComparison['splits'][string]] => [
      split,
      {
        rows: rows.length,
        ...(labels.length === 0 ? {} : { labelCounts: countLabels(rows, labels) }),
        rowsSha256: rowsSha256(rows),
      },
    ],
  );
  return Object.fromEntries(entries);
}

/**
 * Rows that differ from the published ones are the user's right and give a warning; known files whose rows come out
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
  const allKnown = files.every((file) => file.official);
  // What is not known by its path, e.g. the hub's shards of the same rows, is judged by its rows.
  const warnings = files
    .filter((file) => !file.official && published.has(file.path))
    .map((file) => messages.otherFile(task, join(dataset.folder, file.path)));
  const found = new Set<DatasetStatus>();
  for (const [split, own] of Object.entries(splits)) {
    const expected = manifest.splits[split];
    const status = statusOf(own, expected);
    found.add(status);
    if (status === 'same-rows' || status === 'same-counts') continue;
    if (allKnown && expected?.rowsSha256 !== undefined) {
      const message = messages.manifestContradicted(task, split, expected.rows, own.rows);
      throw new LeantuneError(message, { code: 'LEANTUNE_MANIFEST_CONTRADICTED' });
    }
    const tell = status === 'sample' ? messages.sampleOfRows : messages.otherRows;
    warnings.push(tell(task, split, dataset.folder, expected?.rows, own.rows));
    const emptyTexts = dataset.splits[split]!.filter(hasEmptyText).length;
    if (emptyTexts > 0) warnings.push(messages.emptyTexts(task, split, dataset.folder, emptyTexts));
  }
  const worst = (['different', 'sample', 'same-counts'] as const).find((status) => found.has(status));
  return { status: worst ?? (allKnown ? 'official' : 'same-rows'), files, splits, warnings };
}

function statusOf(found: SplitManifest, expected: SplitManifest | undefined): DatasetStatus {
  if (expected === undefined) return 'different';
  if (expected.rowsSha256 !== undefined && expected.rowsSha256 === found.rowsSha256) return 'same-rows';
  if (found.rows < expected.rows) return 'sample';
  return expected.rowsSha256 === undefined && found.rows === expected.rows ? 'same-counts' : 'different';
}
