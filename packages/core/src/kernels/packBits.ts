import { elementCount } from '../tensor/dtype.js';
import { scope } from '../tensor/scope.js';
import { tensorFrom, type Tensor } from '../tensor/tensor.js';
import { consume } from './dispatch.js';
import { add, cast, multiply, subtract } from './elementwise.js';
import { floor, splitLowBits, timesPowerOfTwo } from './fixedPoint.js';
import { matMul } from './linearAlgebra.js';
import { concatenate, padZeros, reshape, slice } from './shape.js';

/** Bits of a word, and of the halves that float32 holds exactly. */
const wordBits = 32;
const halfBits = 16;

const powers = () => Float32Array.from({ length: halfBits }, (_, bit) => 2 ** bit);

/** Words that `bits` bits of each of `count` elements take. */
export function packedWords(count: number, bits: number): number {
  return bits * Math.ceil(count / wordBits);
}

/**
 * Packs the `bits` lowest bits of whole numbers: one plane after another, 32 elements in a word.
 * @param low float32 of any shape, whole numbers in [0, 2^bits)
 * @returns int32 [packedWords(size, bits)]
 */
export function packBits(low: Tensor, bits: number): Tensor {
  return scope(() => {
    const count = low.size;
    const words = Math.ceil(count / wordBits);
    const flat = padZeros(reshape(low, [count]), [[0, words * wordBits - count]]);
    const weights = tensorFrom(powers(), [halfBits, 1]);
    const planes = Array.from({ length: bits }, (_, plane) => {
      const ones = reshape(consume(bitOf(flat, plane)), [2 * words, halfBits]);
      // Sums of different powers of two below 2^16: exact in any order.
      const halves = reshape(consume(matMul(consume(ones), weights)), [words, 2]);
      const half = (index: number) => cast(consume(slice(halves, [0, index], [words, 1])), 'int32');
      return add(consume(timesPowerOfTwo(consume(half(1)), halfBits)), consume(half(0))); // [words, 1]
    });
    return reshape(bits === 1 ? planes[0]! : concatenate(planes, 0), [bits * words]);
  });
}

/** What `packBits` packed: float32 of the shape that it had. */
export function unpackBits(packed: Tensor, bits: number, shape: readonly number[]): Tensor {
  return scope(() => {
    const count = elementCount(shape);
    const words = Math.ceil(count / wordBits);
    const weights = tensorFrom(
      powers().map((power) => 1 / power),
      [1, halfBits],
    );
    const planes = Array.from({ length: bits }, (_, plane) => {
      const word = slice(packed, [plane * words], [words]);
      const { high, low } = splitLowBits(word, halfBits); // high has the word's sign
      const unsigned = modulo(cast(consume(high), 'float32'), 2 ** halfBits);
      const halves = concatenate([consume(reshape(low, [words, 1])), consume(reshape(unsigned, [words, 1]))], 1);
      const shifted = multiply(consume(reshape(halves, [2 * words, 1])), weights); // [2 · words, 16]
      const ones = modulo(floor(consume(shifted)), 2);
      const own = slice(consume(reshape(ones, [words * wordBits])), [0], [count]);
      return plane === 0 ? own : multiply(consume(own), 2 ** plane);
    });
    return reshape(
      planes.reduce((sum, plane) => add(consume(sum), consume(plane))),
      shape,
    );
  });
}

/** Bit `bit` of whole numbers below 2^24: 0 or 1. */
function bitOf(x: Tensor, bit: number): Tensor {
  return modulo(floor(consume(multiply(x, 2 ** -bit))), 2);
}

/** x - divisor · ⌊x / divisor⌋ for whole numbers below 2^24 and a power of two. Consumes x. */
function modulo(x: Tensor, divisor: number): Tensor {
  const multiples = multiply(consume(floor(consume(multiply(x, 1 / divisor)))), divisor);
  return subtract(consume(x), consume(multiples));
}
