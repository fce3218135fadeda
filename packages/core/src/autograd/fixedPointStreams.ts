import { LeantuneError } from '../errors/errors.js';
import { consume, runKernel } from '../kernels/dispatch.js';
import { add, cast, multiply, subtract } from '../kernels/elementwise.js';
import {
  fixedPointBits,
  fixedPointLimit,
  fromFixedPoint,
  joinLowBits,
  scaledToGrid,
  splitLowBits,
} from '../kernels/fixedPoint.js';
import { packBits, unpackBits } from '../kernels/packBits.js';
import { max } from '../kernels/reduce.js';
import { concatenate, reshape } from '../kernels/shape.js';
import { castStorage } from '../kernels/storage.js';
import { messages } from '../messages.js';
import type { StorageDType } from '../tensor/dtype.js';
import { scope } from '../tensor/scope.js';
import { checkAfterStep } from '../tensor/stepChecks.js';
import type { Tensor } from '../tensor/tensor.js';
import type { StreamArithmetic } from './streams.js';

/** A stream of `gradient=exact` left the range of its fixed-point numbers. */
export class FixedPointOverflowError extends LeantuneError {
  /** @param found largest magnitude; NaN where a layer computed no number */
  constructor(found: number) {
    super(messages.fixedPointOverflow(found, fixedPointLimit), {
      code: 'LEANTUNE_FIXED_POINT_OVERFLOW',
      remedy: messages.fixedPointOverflowRemedy(),
    });
  }
}

/** The number of bits by which `factor` shifts to the right; undefined where it is none of 1, 1/2, 1/4, …, 2^-15. */
export function rightShiftOf(factor: number): number | undefined {
  const bits = 0 - Math.log2(factor);
  return Number.isInteger(bits) && bits >= 0 && bits <= 15 ? bits : undefined;
}

/**
 * Streams as int32 multiples of 2^-20 within ±2048: y = (x >> bits) + round(update), whose inverse is exact to the bit
 * once the dropped low bits are put back. They are kept packed. Rounding counts as the identity in the backward pass.
 * @param storage how the values that layers read are held
 */
export function fixedPointStreams(storage: StorageDType): StreamArithmetic {
  const magnitudeOf = (scaled: Tensor): Tensor =>
    reshape(consume(max(consume(runKernel('Abs', { x: scaled })), [...scaled.shape.keys()])), [1]);
  const onGrid = (update: Tensor): Tensor => scaledToGrid(castStorage(update, 'float32'));
  return {
    enter: (value) => {
      const scaled = onGrid(value);
      const magnitude = magnitudeOf(scaled);
      return { stream: cast(consume(scaled), 'int32'), magnitude };
    },
    value: (stream) => {
      const value = fromFixedPoint(stream);
      return storage === 'float32' ? value : castStorage(consume(value), storage);
    },
    advance: (stream, factor, update, keeps) => {
      const bits = rightShiftOf(factor)!;
      const split = bits === 0 ? undefined : splitLowBits(stream, bits);
      const shifted = split?.high ?? stream;
      const dropped = split !== undefined && keeps ? packBits(split.low, bits) : undefined;
      const scaled = onGrid(update);
      const magnitude = magnitudeOf(consume(add(consume(cast(shifted, 'float32')), scaled)));
      const next = add(shifted, consume(cast(consume(scaled), 'int32')));
      return { stream: next, magnitude, ...(dropped && { dropped }) };
    },
    invert: (stream, factor, update, dropped) => {
      const bits = rightShiftOf(factor)!;
      const shifted = subtract(stream, consume(cast(consume(onGrid(update)), 'int32')));
      if (bits === 0) return shifted;
      return joinLowBits(consume(shifted), consume(unpackBits(dropped!, bits, stream.shape)), bits);
    },
    check: (magnitudes) => {
      // Read when the step is over: reading now would wait for the device.
      const largest = scope(() => multiply(max(concatenate(magnitudes, 0), [0]), 2 ** -fixedPointBits));
      // NaN is below nothing.
      checkAfterStep(largest, (found) => {
        if (!(found < fixedPointLimit)) throw new FixedPointOverflowError(found);
      });
    },
  };
}
