/** What a kind of task can do; one file a kind. The rest of the package knows no kind. */
import type { TrainableModel } from '@leantune/core';
import type { HeadOptions, ImageProcessor } from '@leantune/models';
import type { BatcherOptions, LabelLayout } from '../../batching/batcher.js';
import type { EncodedCache } from '../../batching/encodedCache.js';
import type { EncodedExample, EncodeOptions, RowTokenizer } from '../../batching/encode.js';
import type { TaskRow } from '../../data/dataset.js';
import type { TaskDeclaration } from '../declaration.js';
import type { TaskScore } from '../score.js';

/** How questions are put to a language model; ignored by tasks without choices. */
export interface PromptOptions {
  /** Template of training. Default: the task's first, lm-evaluation-harness'. */
  readonly trainTemplate?: string;
  /** Template of evaluation. */
  readonly evalTemplate?: string;
  /** Solved examples before each question, in evaluation. Default 0. */
  readonly shots?: number;
  /** Whether evaluation adds special tokens (BOS). Default: as the tokenizer does by itself. */
  readonly specialTokens?: boolean;
}

export interface EncodeTaskOptions extends EncodeOptions, PromptOptions {
  readonly tokenizer: RowTokenizer;
  /** Where encoded splits are kept from run to run; absent: nowhere. */
  readonly encodedCache?: EncodedCache | undefined;
}

/** For tasks of images. */
export interface EncodeImagesOptions {
  readonly imageProcessor: ImageProcessor;
}

/** What rows become a model's input with: the tokenizer of one that reads text, the processor of one that reads images. */
export type ReadingOptions = EncodeTaskOptions | EncodeImagesOptions;

export interface EncodedTask {
  readonly examples: readonly EncodedExample[];
  /** Longest example that these options can give, in tokens. */
  readonly maxLength: number;
  readonly labels: LabelLayout;
  /** The input of a batch of those rows, where it is not the examples' tokens. */
  readonly inputsOf?: BatcherOptions['inputsOf'];
}

export interface EvaluationOptions {
  /** Rows a batch; sequences a batch where a question has several. */
  readonly size: number;
  /** Awaited between batches. */
  readonly breathe?: () => Promise<void>;
}

export type EvaluateOptions<Reading extends ReadingOptions = EncodeTaskOptions> = Reading & EvaluationOptions;

/** Rows to be scored, and every other row of the task for solved examples. */
interface RowsToScore<Row> {
  readonly split: string;
  readonly rows: readonly Row[];
  readonly rowsOf: (split: string) => readonly Row[];
  /** What the kind's `encode` makes of the rows; made once for all evaluations. */
  readonly encoded: () => EncodedTask;
}

export interface TaskKind<
  Declaration extends TaskDeclaration,
  Row extends TaskRow,
  Reading extends ReadingOptions = EncodeTaskOptions,
> {
  readonly head: (declaration: Declaration) => HeadOptions;
  /** Throws UsageError for options that the task does not have, before anything is computed. */
  readonly check?: (declaration: Declaration, options: PromptOptions) => void;
  readonly encode: (declaration: Declaration, rows: readonly Row[], options: Reading) => EncodedTask;
  readonly evaluate: (
    declaration: Declaration,
    model: TrainableModel,
    scored: RowsToScore<Row>,
    options: EvaluateOptions<Reading>,
  ) => Promise<TaskScore>;
}
