/** A task is a declaration: what the data is, how it is loaded and by which metrics it is scored. */
import { UsageError } from '@leantune/core';
import type { DataSource } from '../data/dataFolder.js';
import type { LoadedDataset } from '../data/dataset.js';
import type { DatasetManifest } from '../data/manifest.js';
import { messages } from '../messages.js';
import type { MetricName } from '../metrics/metric.js';
import { getMetric } from '../metrics/registry.js';

interface CommonDeclaration {
  /** As it is spelled in sweeps: lower case. */
  readonly name: string;
  /** Other accepted spellings, lower case. */
  readonly aliases?: readonly string[];
  /** One line for lists and help. */
  readonly summary: string;
  readonly source: {
    readonly homepage: string;
    readonly licence: string;
    readonly citation: string;
    /** What a reader of results should know about the data. */
    readonly notes?: string;
  };
  /** Names of the one or two texts of a row, as the benchmark calls them. */
  readonly fields: readonly [string] | readonly [string, string];
  readonly splits: {
    readonly train: string;
    /** Splits that scores are reported on; the first is the default. */
    readonly report: readonly [string, ...string[]];
    /** The split that `select: best-dev` may look at. */
    readonly select: string;
  };
  /** The first is the primary one: tables and model selection use it. */
  readonly metrics: readonly [MetricName, ...MetricName[]];
  readonly manifest: DatasetManifest;
  readonly load: (task: string, source: DataSource) => Promise<LoadedDataset>;
}

export interface ClassificationDeclaration extends CommonDeclaration {
  readonly kind: 'classification';
  /** Names of the class indices 0, 1, … */
  readonly labels: readonly string[];
}

export interface RegressionDeclaration extends CommonDeclaration {
  readonly kind: 'regression';
  readonly target: { readonly minimum: number; readonly maximum: number };
}

export type TaskDeclaration = ClassificationDeclaration | RegressionDeclaration;

/** Checks a declaration and returns it. Throws UsageError naming the task and the field. */
export function defineTask<Declaration extends TaskDeclaration>(declaration: Declaration): Declaration {
  const { name, aliases = [], kind, splits, manifest } = declaration;
  const reject = (problem: string): never => {
    throw new UsageError(messages.badDeclaration(name, problem), { code: 'LEANTUNE_TASK_DECLARATION' });
  };
  for (const spelling of [name, ...aliases]) {
    if (!/^[a-z0-9][a-z0-9._-]*$/.test(spelling)) reject(messages.badTaskName(spelling));
  }
  if (declaration.kind === 'classification' && new Set(declaration.labels).size < 2) reject(messages.tooFewLabels());
  for (const metric of declaration.metrics) {
    if (getMetric(metric).kind !== kind) reject(messages.metricOfOtherKind(metric, getMetric(metric).kind, kind));
  }
  for (const split of [splits.train, splits.select, ...splits.report]) {
    if (manifest.splits[split] === undefined) reject(messages.splitNotInManifest(split));
  }
  return declaration;
}

/** Names of the classes; none for a regression. */
export function labelsOf(declaration: TaskDeclaration): readonly string[] {
  return declaration.kind === 'classification' ? declaration.labels : [];
}
