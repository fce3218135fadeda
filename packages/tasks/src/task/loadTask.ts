import { UsageError, nearestName, type TrainableModel } from '@leantune/core';
import type { HeadOptions, ImageProcessor } from '@leantune/models';
import { Batcher, type BatcherOptions } from '../batching/batcher.js';
import type { RowTokenizer } from '../batching/encode.js';
import type { DataSource } from '../data/dataFolder.js';
import type { LoadedDataset, TaskRow, TextRow } from '../data/dataset.js';
import { compareWithManifest } from '../data/manifest.js';
import { scoreTokens } from '../language/scoreTokens.js';
import { messages } from '../messages.js';
import { labelsOf, trainSplitsOf, type TaskDeclaration } from './declaration.js';
import { holdOut } from './holdOut.js';
import type { EncodedTask, EvaluateOptions, PromptOptions, ReadingOptions } from './kinds/kind.js';
import { headsOf, kindWith } from './kinds/registry.js';
import { describeProvenance, type DatasetProvenance } from './provenance.js';
import { getTask } from './registry.js';
import { predictionsOf, scoreRows, type TaskScore } from './score.js';
import { checkLimit, takeSubset } from './subset.js';

export interface LoadTaskOptions extends DataSource {
  /** Use only so many training rows; see `takeSubset` for which. */
  readonly trainRows?: number;
  /** Use only so many rows of every other split. */
  readonly devRows?: number;
}

/** `padding` and what tokens are cut to are for tasks of texts: images have one size. */
export type TaskBatchesOptions = ReadingOptions &
  Pick<BatcherOptions, 'size' | 'seed' | 'epoch' | 'padding' | 'paddingSide' | 'dropLast'> & {
    /** Default: `shuffled` for the training split, `length` for the others. */
    readonly order?: BatcherOptions['order'];
  };

/** Loads a task's rows. Throws UsageError (unknown name, bad limit), EnvironmentError (no data), CorruptFileError. */
export async function loadTask(name: string, options: LoadTaskOptions = {}): Promise<LoadedTask> {
  const declaration = getTask(name);
  checkLimit('trainRows', options.trainRows);
  checkLimit('devRows', options.devRows);
  const dataset = await declaration.load(declaration.name, options);
  const comparison = compareWithManifest(declaration.name, dataset, declaration.manifest, labelsOf(declaration));
  const warnings = [...comparison.warnings];
  const splits = holdOut(declaration, dataset.splits);
  const trainSplit = trainSplitsOf(declaration).find((split) => splits[split] !== undefined);
  const limited = Object.entries(splits).map(([split, rows]): [string, readonly TaskRow[]] => {
    const option = split === trainSplit ? 'trainRows' : 'devRows';
    const limit = options[option];
    if (limit === undefined) return [split, rows];
    if (limit > rows.length) warnings.push(messages.fewerRows(declaration.name, split, option, limit, rows.length));
    return [split, takeSubset(rows, limit, split)];
  });
  const used: LoadedDataset = { ...dataset, splits: Object.fromEntries(limited) };
  return new LoadedTask(declaration, used, describeProvenance(declaration, comparison, splits, used), warnings);
}

/** A task with its rows in memory. Knows nothing of models but the head they need. */
export class LoadedTask {
  readonly name: string;
  /** Heads that the task may be learnt with, the preferred first. */
  readonly heads: readonly [HeadOptions, ...HeadOptions[]];
  /** The splits to report on that are there. */
  readonly reportSplits: readonly string[];
  private readonly kind: NonNullable<ReturnType<typeof kindWith>>;
  private readonly encoded = new WeakMap<RowTokenizer | ImageProcessor, Map<string, EncodedTask>>();

  constructor(
    readonly declaration: TaskDeclaration,
    private readonly dataset: LoadedDataset,
    readonly provenance: DatasetProvenance,
    /** What the user should see before a run: other data than the published, fewer rows than asked for. */
    readonly warnings: readonly string[],
    /** What it is learnt with here. */
    readonly head = headsOf(declaration)[0],
  ) {
    this.name = declaration.name;
    this.heads = headsOf(declaration);
    this.kind = this.kindWith(head);
    this.reportSplits = declaration.splits.report.filter((split) => dataset.splits[split] !== undefined);
  }

  /** The same task for a model with that head. @throws UsageError where it is not learnt with such a one */
  withHead(head: HeadOptions): LoadedTask {
    return new LoadedTask(this.declaration, this.dataset, this.provenance, this.warnings, head);
  }

  /** The split to train on. @throws UsageError where there is none */
  get trainSplit(): string {
    const wanted = trainSplitsOf(this.declaration);
    const split = wanted.find((name) => this.dataset.splits[name] !== undefined);
    if (split !== undefined) return split;
    throw new UsageError(messages.nothingToTrainOn(this.name, wanted), {
      code: 'LEANTUNE_NO_TRAINING_ROWS',
      remedy: messages.nothingToTrainOnRemedy(this.name, wanted),
    });
  }

  /** Throws UsageError for options of prompts that the task does not have. */
  checkPrompts(options: PromptOptions): void {
    this.kind.check?.(this.declaration, options);
  }

  /** Rows in their order, to which the outputs and, where a row is one example, the `indices` of batches refer. */
  rows(split: string): readonly TaskRow[] {
    const rows = this.dataset.splits[split];
    if (rows !== undefined) return rows;
    const splits = Object.keys(this.dataset.splits);
    throw new UsageError(messages.unknownSplit(this.name, split, nearestName(split, splits)), {
      code: 'LEANTUNE_UNKNOWN_SPLIT',
      remedy: messages.knownNames('splits', splits),
    });
  }

  /** What its rows are. */
  get reads(): 'text' | 'images' {
    return this.declaration.kind === 'image-classification' ? 'images' : 'text';
  }

  /**
   * Batches of a split; rows are tokenised once for each tokenizer and its options.
   * @throws UsageError for the reader of other rows than the task has
   */
  batches(split: string, options: TaskBatchesOptions): Batcher {
    const { size, seed, epoch, padding, paddingSide, dropLast } = options;
    const { examples, maxLength, labels, inputsOf } = this.encode(split, options);
    const trains = trainSplitsOf(this.declaration).includes(split);
    return new Batcher(examples, {
      size,
      maxLength,
      labels,
      order: options.order ?? (trains ? 'shuffled' : 'length'),
      inputsOf,
      padTokenId: 'tokenizer' in options ? options.tokenizer.padTokenId : 0,
      ...(seed === undefined ? {} : { seed }),
      ...(epoch === undefined ? {} : { epoch }),
      ...(padding === undefined || inputsOf !== undefined ? {} : { padding }),
      ...(paddingSide === undefined ? {} : { paddingSide }),
      ...(dropLast === undefined ? {} : { dropLast }),
    });
  }

  /** Scores the model on a split: runs it in evaluation mode over all rows. */
  async evaluate(model: TrainableModel, split: string, options: EvaluateOptions<ReadingOptions>): Promise<TaskScore> {
    this.checkReader(options);
    const rows = this.rows(split);
    const rowsOf = (other: string) => this.rows(other);
    const encoded = () => this.encode(split, options);
    return this.kind.evaluate(this.declaration, model, { split, rows, rowsOf, encoded }, options);
  }

  /**
   * Mean negative log-likelihood of what a language model learns from the rows of a split, as it learns it; undefined for
   * tasks that are not learnt as language, and splits that are not there.
   */
  async loss(
    model: TrainableModel,
    split: string,
    options: EvaluateOptions<ReadingOptions>,
  ): Promise<TaskScore | undefined> {
    if (!('tokenizer' in options) || this.head.kind !== 'causal-lm' || this.dataset.splits[split] === undefined)
      return undefined;
    const { examples } = this.encode(split, options);
    return scoreTokens(model, examples, split, ['loss', 'perplexity'], options);
  }

  /** `outputs` [rows, numberOfLabels], row-major, in the order of `rows(split)`: logits, or the values of a regression. */
  score(outputs: ArrayLike<number>, split: string = this.declaration.splits.report[0]): TaskScore {
    const width = 'numberOfLabels' in this.head ? this.head.numberOfLabels : 1;
    return this.scorePredictions(predictionsOf(outputs, this.rows(split).length, width), split);
  }

  /** `predictions` [rows] in the order of `rows(split)`: class indices or values. */
  scorePredictions(predictions: ArrayLike<number>, split: string = this.declaration.splits.report[0]): TaskScore {
    const rows = this.rows(split) as readonly TextRow[];
    const labels = rows.map((row) => row.label);
    return scoreRows(split, this.declaration.metrics, rows.length, () => ({ predictions, labels }));
  }

  private kindWith(head: HeadOptions) {
    const kind = kindWith(this.declaration, head);
    if (kind !== undefined) return kind;
    const known = this.heads.map((each) => each.kind);
    throw new UsageError(messages.noSuchHead(this.name, head.kind, known), {
      code: 'LEANTUNE_TASK_HEAD',
      remedy: messages.noSuchHeadRemedy(),
    });
  }

  private checkReader(options: ReadingOptions): void {
    const given = 'tokenizer' in options ? 'text' : 'images';
    if (given === this.reads) return;
    throw new UsageError(messages.otherReader(this.name, this.reads, given), { code: 'LEANTUNE_TASK_READER' });
  }

  private encode(split: string, options: ReadingOptions): EncodedTask {
    this.checkReader(options);
    const reader = 'tokenizer' in options ? options.tokenizer : options.imageProcessor;
    const encodings = this.encoded.get(reader) ?? new Map<string, EncodedTask>();
    this.encoded.set(reader, encodings);
    const { maxLength = null, truncation = null, trainTemplate = null } = 'tokenizer' in options ? options : {};
    const settings = [maxLength, truncation, trainTemplate];
    const key = JSON.stringify([split, ...settings]);
    let encoded = encodings.get(key);
    if (encoded === undefined) {
      const encode = (rows: readonly TaskRow[]) => this.kind.encode(this.declaration, rows, options);
      const rows = this.rows(split);
      const content = [this.name, this.head.kind, this.provenance.splits[split]!.rowsSha256, ...settings];
      const cache = 'tokenizer' in options ? options.encodedCache : undefined;
      encoded = cache === undefined ? encode(rows) : cache.read(content, rows, encode);
      encodings.set(key, encoded);
    }
    return encoded;
  }
}
