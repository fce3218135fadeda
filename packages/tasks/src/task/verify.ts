import { LeantuneError } from '@leantune/core';
import type { DataSource } from '../data/dataFolder.js';
import { compareWithManifest, type ManifestComparison } from '../data/manifest.js';
import { labelsOf } from './declaration.js';
import { getTask } from './registry.js';

export type DatasetReport =
  | ({ readonly task: string; readonly folder: string } & ManifestComparison)
  | { readonly task: string; readonly status: 'unusable'; readonly error: LeantuneError };

/** Loads and checks a task's files against its manifest. Throws UsageError for an unknown task only. */
export async function verifyDataset(name: string, source: DataSource = {}): Promise<DatasetReport> {
  const declaration = getTask(name);
  const task = declaration.name;
  try {
    const dataset = await declaration.load(task, source);
    const comparison = compareWithManifest(task, dataset, declaration.manifest, labelsOf(declaration));
    return { task, folder: dataset.folder, ...comparison };
  } catch (error) {
    if (error instanceof LeantuneError) return { task, status: 'unusable', error };
    throw error;
  }
}
