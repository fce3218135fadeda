import { consume } from '../kernels/dispatch.js';
import { add, divide, multiply, subtract } from '../kernels/elementwise.js';
import { reshape } from '../kernels/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/** A new stream, what its inverse needs besides the update, and what must be checked. */
export interface AdvancedStream {
  readonly stream: Tensor;
  /** Largest magnitude [1], where the range is limited. */
  readonly magnitude?: Tensor;
  /** Absent where nothing was dropped. */
  readonly dropped?: Tensor;
}

/** How the streams of a reversible region are held, and how y = factor · x + update is computed and inverted. */
export interface StreamArithmetic {
  /** A value as a stream: a new tensor. */
  enter(value: Tensor): AdvancedStream;
  /** A stream as a value that layers read: a new tensor. */
  value(stream: Tensor): Tensor;
  /** @param keeps whether the inverse will be asked for */
  advance(stream: Tensor, factor: number, update: Tensor, keeps: boolean): AdvancedStream;
  /** The stream before `advance`. Consumes `update`. */
  invert(stream: Tensor, factor: number, update: Tensor, dropped: Tensor | undefined): Tensor;
  /** Has the magnitudes of all streams checked. */
  check(magnitudes: readonly Tensor[]): void;
}

/** Streams in the floating-point type of the values, as published: rounding errors grow by 1/factor a layer. */
export const floatingPointStreams: StreamArithmetic = {
  enter: (value) => ({ stream: reshape(value, value.shape) }),
  value: (stream) => reshape(stream, stream.shape),
  advance: (stream, factor, update) => ({
    stream: add(factor === 1 ? stream : consume(multiply(stream, factor)), update),
  }),
  invert: (stream, factor, update) => {
    const scaled = subtract(stream, consume(update));
    return factor === 1 ? scaled : divide(consume(scaled), factor);
  },
  check: () => undefined,
};
