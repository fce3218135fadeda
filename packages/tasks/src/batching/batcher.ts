import { UsageError, ignoredLabel, type Batch, type BatchSource, type HostArray } from '@leantune/core';
import { messages } from '../messages.js';
import type { EncodedExample } from './encode.js';
import { orderRows, type RowOrder } from './order.js';

/** A batch that knows which rows it holds: `indices[i]` is the row, counted from 0 in the split, of its i-th example. */
export interface IndexedBatch extends Batch {
  readonly indices: readonly number[];
}

export interface BatcherOptions {
  /** Examples a batch; the last one of an epoch may be smaller unless `dropLast`. */
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
}

/**
 * `int32`: class indices [size]; `float32`: targets [size]; `tokens`: the token that each position holds, -100 where
 * none counts, [size, length]; `span`: first and last token of an answer, [size, 2].
 */
export type LabelLayout = 'int32' | 'float32' | 'tokens' | 'span';

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

  /** The batches of one epoch, counted from 0. */
  *epoch(epoch: number): Generator<IndexedBatch> {
    for (let position = 0; position < this.length; position++) yield this.batch(epoch, position);
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
      const lengths = this.examples.map((example) => example.inputIds.length);
      this.cachedOrder = { epoch, order: orderRows(order, lengths, size, seed, epoch) };
    }
    return this.cachedOrder.order;
  }

  private collate(indices: readonly number[]): IndexedBatch {
    const examples = indices.map((index) => this.examples[index]!);
    const longest = examples.reduce((length, example) => Math.max(length, example.inputIds.length), 0);
    const length = this.options.padding === 'maximum' ? this.options.maxLength! : longest;
    const size = examples.length;
    const left = this.options.paddingSide === 'left';
    const padded = (values: (example: EncodedExample) => Int32Array, padding: number): HostArray => {
      const data = new Int32Array(size * length).fill(padding); // [size, length]
      examples.forEach((example, row) => {
        const own = values(example);
        data.set(own, row * length + (left ? length - own.length : 0));
      });
      return { dtype: 'int32', shape: [size, length], data };
    };
    const withTypes = examples.every((example) => example.tokenTypeIds !== undefined);
    return {
      size,
      length,
      inputs: {
        inputIds: padded((example) => example.inputIds, this.options.padTokenId),
        attentionMask: padded((example) => example.attentionMask, 0),
        ...(withTypes ? { tokenTypeIds: padded((example) => example.tokenTypeIds!, 0) } : {}),
      },
      labels: this.labels(examples, padded),
      indices,
    };
  }

  private labels(
    examples: readonly EncodedExample[],
    padded: (values: (example: EncodedExample) => Int32Array, padding: number) => HostArray,
  ): HostArray {
    const size = examples.length;
    const listOf = ({ label }: EncodedExample) => (typeof label === 'number' ? Int32Array.of(label) : label);
    const numbers = () => examples.flatMap((example) => [...listOf(example)]);
    switch (this.options.labels) {
      case 'tokens':
        return padded(listOf, ignoredLabel);
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
    const index = this.examples.findIndex((example) => example.inputIds.length > maxLength);
    if (index >= 0) throw usage(messages.exampleTooLong(index, this.examples[index]!.inputIds.length, maxLength));
  }
}

function usage(message: string): UsageError {
  return new UsageError(message, { code: 'LEANTUNE_BATCH_OPTIONS' });
}
