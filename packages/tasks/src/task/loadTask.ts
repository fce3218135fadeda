import { UsageError, nearestName } from '@leantune/core';
import { Batcher, type BatcherOptions } from '../batching/batcher.js';
import { encodeDataset, type EncodedExample, type EncodeOptions, type RowTokenizer } from '../batching/encode.js';
import type { DataSource } from '../data/dataFolder.js';
import type { LoadedDataset, TaskRow } from '../data/dataset.js';
import { compareWithManifest } from '../data/manifest.js';
import { messages } from '../messages.js';
import { labelsOf, type TaskDeclaration } from './declaration.js';
import { describeProvenance, type DatasetProvenance } from './provenance.js';
import { getTask } from './registry.js';
import { predictionsOf, scorePredictions, type TaskScore } from './score.js';
import { checkLimit, takeSubset } from './subset.js';

export interface LoadTaskOptions extends DataSource {
  /** Use only so many training rows; see `takeSubset` for which. */
  readonly trainRows?: number;
  /** Use only so many rows of every other split. */
  readonly devRows?: number;
}

/** What a model needs to know to end in the right head: `numberOfLabels` classes, or 1 for a regression. */
export interface TaskHead {
  readonly kind: 'classification' | 'regression';
  readonly numberOfLabels: number;
}

export interface TaskBatchesOptions
  extends EncodeOptions, Pick<BatcherOptions, 'size' | 'seed' | 'epoch' | 'padding' | 'dropLast'> {
  readonly tokenizer: RowTokenizer;
  /** Default: `shuffled` for the training split, `length` for the others. */
  readonly order?: BatcherOptions['order'];
}

/** Loads a task's rows. Throws UsageError (unknown name, bad limit), EnvironmentError (no data), CorruptFileError. */
export async function loadTask(name: string, options: LoadTaskOptions = {}): Promise<LoadedTask> {
  const declaration = getTask(name);
  checkLimit('trainRows', options.trainRows);
  checkLimit('devRows', options.devRows);
  const dataset = await declaration.load(declaration.name, options);
  const comparison = compareWithManifest(declaration.name, dataset, declaration.manifest, labelsOf(declaration));
  const warnings = [...comparison.warnings];
  const limited = Object.entries(dataset.splits).map(([split, rows]): [string, readonly TaskRow[]] => {
    const option = split === declaration.splits.train ? 'trainRows' : 'devRows';
    const limit = options[option];
    if (limit === undefined) return [split, rows];
    if (limit > rows.length) warnings.push(messages.fewerRows(declaration.name, split, option, limit, rows.length));
    return [split, takeSubset(rows, limit, split)];
  });
  const used: LoadedDataset = { ...dataset, splits: Object.fromEntries(limited) };
  return new LoadedTask(declaration, used, describeProvenance(declaration, comparison, used), warnings);
}

/** A task with its rows in memory. Knows nothing of models but the head they need. */
export class LoadedTask {
  readonly name: string;
  readonly head: TaskHead;
  private readonly encoded = new WeakMap<RowTokenizer, Map<string, EncodedExample[]>>();

  constructor(
    readonly declaration: TaskDeclaration,
    private readonly dataset: LoadedDataset,
    readonly provenance: DatasetProvenance,
    /** What the user should see before a run: other data than the published, fewer rows than asked for. */
    readonly warnings: readonly string[],
  ) {
    this.name = declaration.name;
    const numberOfLabels = declaration.kind === 'classification' ? declaration.labels.length : 1;
    this.head = { kind: declaration.kind, numberOfLabels };
  }

  /** Rows in their order, to which the `indices` of batches and the order of outputs refer. */
  rows(split: string): readonly TaskRow[] {
    const rows = this.dataset.splits[split];
    if (rows !== undefined) return rows;
    const splits = Object.keys(this.dataset.splits);
    throw new UsageError(messages.unknownSplit(this.name, split, nearestName(split, splits)), {
      code: 'LEANTUNE_UNKNOWN_SPLIT',
      remedy: messages.knownNames('splits', splits),
    });
  }

  /** Batches of a split; rows are tokenised once for each tokenizer, maximum length and truncation. */
  batches(split: string, options: TaskBatchesOptions): Batcher {
    const { tokenizer, maxLength, truncation: _truncation, ...batching } = options;
    const order = options.order ?? (split === this.declaration.splits.train ? 'shuffled' : 'length');
    return new Batcher(this.encode(split, options), {
      ...batching,
      maxLength,
      order,
      padTokenId: tokenizer.padTokenId,
      labels: this.head.kind === 'classification' ? 'int32' : 'float32',
    });
  }

  /** `outputs` [rows, numberOfLabels], row-major, in the order of `rows(split)`: logits, or the values of a regression. */
  score(outputs: ArrayLike<number>, split: string = this.declaration.splits.report[0]): TaskScore {
    return this.scorePredictions(predictionsOf(outputs, this.rows(split).length, this.head.numberOfLabels), split);
  }

  /** `predictions` [rows] in the order of `rows(split)`: class indices or values. */
  scorePredictions(predictions: ArrayLike<number>, split: string = this.declaration.splits.report[0]): TaskScore {
    const labels = this.rows(split).map((row) => row.label);
    return scorePredictions(split, this.declaration.metrics, predictions, labels);
  }

  private encode(split: string, options: TaskBatchesOptions): EncodedExample[] {
    const encodings = this.encoded.get(options.tokenizer) ?? new Map<string, EncodedExample[]>();
    this.encoded.set(options.tokenizer, encodings);
    const key = JSON.stringify([split, options.maxLength, options.truncation ?? null]);
    let examples = encodings.get(key);
    if (examples === undefined) {
      examples = encodeDataset(this.rows(split), options.tokenizer, options);
      encodings.set(key, examples);
    }
    return examples;
  }
}
