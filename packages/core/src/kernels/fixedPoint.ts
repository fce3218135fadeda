import type { Tensor } from '../tensor/tensor.js';
import { tensorFrom } from '../tensor/tensor.js';
import { consume, runKernel } from './dispatch.js';
import { add, cast, multiply, subtract } from './elementwise.js';

/**
 * Numbers as int32 multiples of 2^-20. Every kernel used here is exact on every backend for what it is given: divisions of
 * int32 are not (some backends divide in float32), so shifts are made of exact float32 steps.
 */

/** Bits behind the binary point. */
export const fixedPointBits = 20;
/** Magnitudes from here on do not fit. */
export const fixedPointLimit = 2 ** (31 - fixedPointBits);

const unit = 2 ** -fixedPointBits;

const round = (x: Tensor): Tensor => runKernel('Round', { x });
export const floor = (x: Tensor): Tensor => runKernel('Floor', { x });

/** x / 2^-20 rounded to whole numbers (half to even), still float32. */
export function scaledToGrid(x: Tensor): Tensor {
  return round(consume(multiply(x, 1 / unit)));
}

/** The float32 nearest to each multiple of 2^-20. */
export function fromFixedPoint(n: Tensor): Tensor {
  return multiply(consume(cast(n, 'float32')), unit);
}

/** n = high · 2^bits + low with 0 ≤ low < 2^bits: high int32 (an arithmetic shift), low float32. */
export function splitLowBits(n: Tensor, bits: number): { readonly high: Tensor; readonly low: Tensor } {
  const divisor = 2 ** bits;
  const shifted = (x: Tensor) => floor(consume(multiply(x, 1 / divisor)));
  // float32 holds 24 bits: the estimate is off by at most 2^7 / divisor + 1, the rest below 2^24 and exact.
  const estimate = cast(consume(shifted(consume(cast(n, 'float32')))), 'int32');
  const rest = cast(consume(subtract(n, consume(timesPowerOfTwo(estimate, bits)))), 'float32');
  const correction = shifted(rest);
  const low = subtract(consume(rest), consume(multiply(correction, divisor)));
  return { high: add(consume(estimate), consume(cast(consume(correction), 'int32'))), low };
}

/** high · 2^bits + low: what `splitLowBits` took apart. */
export function joinLowBits(high: Tensor, low: Tensor, bits: number): Tensor {
  return add(consume(timesPowerOfTwo(high, bits)), consume(cast(low, 'int32')));
}

/** n · 2^bits in int32, modulo 2^32. */
export function timesPowerOfTwo(n: Tensor, bits: number): Tensor {
  return runKernel('Multiply', { a: n, b: consume(tensorFrom([2 ** bits], [], 'int32')) });
}
