import { UsageError, ignoredLabel, type Batch, type BatchSource, type HostArray } from '@leantune/core';
import { messages } from '../messages.js';
import type { EncodedExample, EncodedText } from './encode.js';
import { orderRows, type RowOrder } from './order.js';

/** A batch that knows which rows it holds: `indices[i]` is the row, counted from 0 in the split, of its i-th example. */
export interface IndexedBatch extends Batch {
  readonly indices: readonly number[];
}

export interface BatcherOptions {
  /** Examples (questions with all their choices) a batch; the last one of an epoch may be smaller unless `dropLast`. */
  readonly size: number;
  readonly order: RowOrder;
  /** Needed by `shuffled` and `grouped`. Default 0. */
  readonly seed?: number;
  /** The epoch that plain iteration gives. Default 0. */
  readonly epoch?: number;
  /** `longest`: to the longest example of the batch; `maximum`: to `maxLength`. Default `longest`. */
  readonly padding?: 'longest' | 'maximum';
  /** Needed by `padding: 'maximum'`, in tokens. */
  readonly maxLength?: number;
  /** Leave out a last batch that is not full. Default false. */
  readonly dropLast?: boolean;
  readonly padTokenId: number;
  /** Which side of a short row is filled. Default `right`. */
  readonly paddingSide?: 'left' | 'right';
  readonly labels: LabelLayout;
  /** The input of a batch of rows, where it is not their tokens: rows of one size each, which nothing is padded to. */
  readonly inputsOf?: ((indices: readonly number[]) => Batch['inputs']) | undefined;
}

/**
 * `int32`: class indices [size]; `float32`: targets [size]; `tokens`: the token that each position holds, -100 where
 * none counts, [size, length]; `span`: first and last token of an answer, [size, 2].
 */
export type LabelLayout = 'int32' | 'float32' | 'tokens' | 'span';

/** The next batch of a run: plain JSON, for a checkpoint. Nothing else is needed, since orders follow from seed and epoch. */
export interface BatchCursor {
  readonly epoch: number;
  /** Within the epoch; both count from 0. */
  readonly position: number;
}

/**
 * Deterministic padded batches over encoded examples, at random access: batch `position` of `epoch` needs no
 * batch before it, so that a run resumes anywhere.
 */
export class Batcher implements BatchSource, Iterable<IndexedBatch> {
  /** Batches of every epoch. */
  readonly length: number;
  private cachedOrder: { readonly epoch: number; readonly order: readonly number[] } | undefined;

  constructor(
    private readonly examples: readonly EncodedExample[],
    private readonly options: BatcherOptions,
  ) {
    const { size, dropLast = false } = options;
    if (!Number.isSafeInteger(size) || size < 1) throw usage(messages.notPositiveInteger('size', size));
    if (options.padding === 'maximum') this.checkMaximum();
    this.length = dropLast ? Math.floor(examples.length / size) : Math.ceil(examples.length / size);
  }

  [Symbol.iterator](): Iterator<IndexedBatch> {
    return this.epoch(this.options.epoch ?? 0);
  }

  /** The batches of one epoch, counted from 0, from batch `first` on. */
  *epoch(epoch: number, first = 0): Generator<IndexedBatch> {
    for (let position = first; position < this.length; position++) yield this.batch(epoch, position);
  }

  /** Where a run goes on that has had so many batches since the start of epoch 0. */
  cursorAfter(batches: number): BatchCursor {
    if (!Number.isSafeInteger(batches) || batches < 0) throw usage(messages.notBatchCount(batches));
    return { epoch: Math.floor(batches / this.length), position: batches % this.length };
  }

  /** The batches that are left of `epochs` epochs: those that an uninterrupted run would have had from there on. */
  *from({ epoch, position }: BatchCursor, epochs: number): Generator<IndexedBatch> {
    for (let index = epoch; index < epochs; index++) yield* this.epoch(index, index === epoch ? position : 0);
  }

  /** One batch; `position` counts from 0 to `length - 1`. */
  batch(epoch: number, position: number): IndexedBatch {
    const start = position * this.options.size;
    const indices = this.order(epoch).slice(start, start + this.options.size);
    if (position < 0 || position >= this.length) {
      throw new RangeError(messages.batchOutOfRange(position, this.length));
    }
    return this.collate(indices);
  }

  private order(epoch: number): readonly number[] {
    const { order, size, seed = 0 } = this.options;
    if (order === 'length' || order === 'rows') epoch = 0;
    if (this.cachedOrder?.epoch !== epoch) {
      const lengths = this.examples.map(lengthOf);
      this.cachedOrder = { epoch, order: orderRows(order, lengths, size, seed, epoch) };
    }
    return this.cachedOrder.order;
  }

  private collate(indices: readonly number[]): IndexedBatch {
    const examples = indices.map((index) => this.examples[index]!);
    const choices = examples.reduce((most, example) => Math.max(most, choicesOf(example).length), 1);
    const texts = examples.flatMap((example) => asMany(choicesOf(example), choices));
    const longest = texts.reduce((length, { inputIds }) => Math.max(length, inputIds.length), 0);
    const length = this.options.padding === 'maximum' ? this.options.maxLength! : longest;
    const size = texts.length;
    const left = this.options.paddingSide === 'left';
    const padded = <Row>(rows: readonly Row[], values: (row: Row) => Int32Array, padding: number): HostArray => {
      const data = new Int32Array(rows.length * length).fill(padding); // [rows, length]
      rows.forEach((row, index) => {
        const own = values(row);
        data.set(own, index * length + (left ? length - own.length : 0));
      });
      return { dtype: 'int32', shape: [rows.length, length], data };
    };
    const withTypes = texts.every((text) => text.tokenTypeIds !== undefined);
    return {
      size,
      length,
      inputs: this.options.inputsOf?.(indices) ?? {
        inputIds: padded(texts, (text) => text.inputIds, this.options.padTokenId),
        attentionMask: padded(texts, (text) => text.attentionMask, 0),
        ...(withTypes ? { tokenTypeIds: padded(texts, (text) => text.tokenTypeIds!, 0) } : {}),
        ...choiceMask(examples, choices),
      },
      labels: this.labels(examples, (values) => padded(examples, values, ignoredLabel)),
      indices,
    };
  }

  private labels(
    examples: readonly EncodedExample[],
    padded: (values: (example: EncodedExample) => Int32Array) => HostArray,
  ): HostArray {
    const size = examples.length;
    const listOf = ({ label }: EncodedExample) => (typeof label === 'number' ? Int32Array.of(label) : label);
    const numbers = () => examples.flatMap((example) => [...listOf(example)]);
    switch (this.options.labels) {
      case 'tokens':
        return padded(listOf);
      case 'span':
        return { dtype: 'int32', shape: [size, 2], data: Int32Array.from(numbers()) };
      case 'int32':
        return { dtype: 'int32', shape: [size], data: Int32Array.from(numbers()) };
      case 'float32':
        return { dtype: 'float32', shape: [size], data: Float32Array.from(examples, ({ label }) => label as number) };
    }
  }

  private checkMaximum(): void {
    const { maxLength } = this.options;
    if (maxLength === undefined || !Number.isSafeInteger(maxLength) || maxLength < 1) {
      throw usage(messages.notPositiveInteger('maxLength', maxLength));
    }
    const index = this.examples.findIndex((example) => lengthOf(example) > maxLength);
    if (index >= 0) throw usage(messages.exampleTooLong(index, lengthOf(this.examples[index]!), maxLength));
  }
}

const choicesOf = (example: EncodedExample): readonly EncodedText[] => [example, ...(example.otherChoices ?? [])];

/** Tokens of its longest text. */
const lengthOf = (example: EncodedExample): number =>
  choicesOf(example).reduce((length, { inputIds }) => Math.max(length, inputIds.length), 0);

/** The first choice stands in for those that a question lacks; the mask then leaves them out. */
const asMany = (own: readonly EncodedText[], choices: number): readonly EncodedText[] =>
  Array.from({ length: choices }, (_, choice) => own[choice] ?? own[0]!);

/** Which choices are real; nothing where all are. */
function choiceMask(examples: readonly EncodedExample[], choices: number): { readonly choiceMask?: HostArray } {
  const counts = examples.map((example) => choicesOf(example).length);
  if (counts.every((count) => count === choices)) return {};
  const data = Int32Array.from(
    counts.flatMap((count) => Array.from({ length: choices }, (_, choice) => (choice < count ? 1 : 0))),
  );
  return { choiceMask: { dtype: 'int32', shape: [examples.length, choices], data } };
}

function usage(message: string): UsageError {
  return new UsageError(message, { code: 'LEANTUNE_BATCH_OPTIONS' });
}
