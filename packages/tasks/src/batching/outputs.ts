import { UsageError } from '@leantune/core';
import { messages } from '../messages.js';
import type { IndexedBatch } from './batcher.js';

/**
 * Collects a model's outputs batch by batch, in whatever order the batches come, into the order of the rows:
 * `values` is [rows, width], e.g. the logits of each row.
 */
export class OutputCollector {
  private readonly data: Float32Array;
  private readonly seen: Uint8Array;

  constructor(
    readonly rows: number,
    readonly width: number,
  ) {
    this.data = new Float32Array(rows * width);
    this.seen = new Uint8Array(rows);
  }

  /** `outputs` is [batch.size, width], row-major. */
  add(batch: Pick<IndexedBatch, 'indices'>, outputs: ArrayLike<number>): void {
    const { indices } = batch;
    if (outputs.length !== indices.length * this.width) {
      throw usage(messages.outputCount(outputs.length, indices.length, this.width));
    }
    indices.forEach((index, position) => {
      if (this.seen[index] !== 0) throw usage(messages.rowTwiceOrUnknown(index, this.rows));
      this.seen[index] = 1;
      for (let column = 0; column < this.width; column++) {
        this.data[index * this.width + column] = outputs[position * this.width + column]!;
      }
    });
  }

  /** Throws UsageError while rows are missing. */
  get values(): Float32Array {
    const missing = this.seen.indexOf(0);
    if (missing >= 0) throw usage(messages.rowMissing(missing, this.rows));
    return this.data;
  }
}

function usage(message: string): UsageError {
  return new UsageError(message, { code: 'LEANTUNE_OUTPUTS' });
}
