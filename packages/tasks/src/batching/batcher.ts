import { RandomStream, UsageError, type Batch, type BatchSource, type HostArray } from '@leantune/core';
import { messages } from '../messages.js';
import type { EncodedExample } from './encode.js';

/** A batch that knows which rows it holds: `indices[i]` is the row, counted from 0 in the split, of its i-th example. */
export interface IndexedBatch extends Batch {
  readonly indices: readonly number[];
}

export interface BatcherOptions {
  /** Examples a batch; the last one of an epoch may be smaller unless `dropLast`. */
  readonly size: number;
  /**
   * `shuffled`: a new order every epoch, a function of (seed, epoch) alone; `length`: longest first, for evaluation with
   * little padding; `rows`: as they come.
   */
  readonly order: 'shuffled' | 'length' | 'rows';
  /** Needed by `shuffled`. Default 0. */
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
  /** int32 class indices or float32 targets. */
  readonly labels: HostArray['dtype'];
}

/**
 * Deterministic right-padded batches over encoded examples, at random access: batch `position` of `epoch` needs no
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
    if (this.options.order !== 'shuffled') epoch = 0;
    if (this.cachedOrder?.epoch !== epoch) this.cachedOrder = { epoch, order: this.makeOrder(epoch) };
    return this.cachedOrder.order;
  }

  private makeOrder(epoch: number): number[] {
    const order = this.examples.map((_, index) => index);
    if (this.options.order === 'shuffled') {
      new RandomStream(this.options.seed ?? 0, 'shuffle', epoch).shuffle(order);
    } else if (this.options.order === 'length') {
      // The sort is stable, so that equal lengths stay in row order.
      order.sort((a, b) => this.examples[b]!.inputIds.length - this.examples[a]!.inputIds.length);
    }
    return order;
  }

  private collate(indices: readonly number[]): IndexedBatch {
    const examples = indices.map((index) => this.examples[index]!);
    const longest = examples.reduce((length, example) => Math.max(length, example.inputIds.length), 0);
    const length = this.options.padding === 'maximum' ? this.options.maxLength! : longest;
    const size = examples.length;
    const padded = (values: (example: EncodedExample) => Int32Array, padding: number): HostArray => {
      const data = new Int32Array(size * length).fill(padding); // [size, length]
      examples.forEach((example, row) => data.set(values(example), row * length));
      return { dtype: 'int32', shape: [size, length], data };
    };
    const labels = examples.map((example) => example.label);
    return {
      size,
      length,
      inputs: {
        inputIds: padded((example) => example.inputIds, this.options.padTokenId),
        attentionMask: padded((example) => example.attentionMask, 0),
        tokenTypeIds: padded((example) => example.tokenTypeIds, 0),
      },
      labels:
        this.options.labels === 'int32'
          ? { dtype: 'int32', shape: [size], data: Int32Array.from(labels) }
          : { dtype: 'float32', shape: [size], data: Float32Array.from(labels) },
      indices,
    };
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
