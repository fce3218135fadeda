import { expect, it } from 'vitest';
import { RandomStream } from '../random/stream.js';
import { scope } from '../tensor/scope.js';
import { tensorFrom } from '../tensor/tensor.js';
import { describeOnBackends } from '../testing/backends.js';
import { fromFixedPoint, joinLowBits, scaledToGrid, splitLowBits } from './fixedPoint.js';
import { packBits, packedWords, unpackBits } from './packBits.js';

const random = new RandomStream(1, 'fixed point');
/** All of int32: small numbers, those that float32 cannot hold, and the ends. */
const integers = Int32Array.from([
  ...[0, 1, -1, 7, -8, -9, 2 ** 24 + 1, -(2 ** 24) - 1, 2 ** 31 - 1, 1 - 2 ** 31],
  ...Array.from({ length: 500 }, () => (random.nextUint32() | 0) >> random.integer(31)),
]);

await describeOnBackends('fixed-point kernels', () => {
  it.each([1, 2, 3, 5, 9, 15])('shift every int32 by %i bits as >> does, and back', (bits) => {
    scope(() => {
      const n = tensorFrom(integers, [integers.length], 'int32');
      const { high, low } = splitLowBits(n, bits);
      expect([...high.read()]).toEqual([...integers].map((value) => value >> bits));
      expect([...low.read()]).toEqual([...integers].map((value) => value & (2 ** bits - 1)));
      expect([...joinLowBits(high, low, bits).read()]).toEqual([...integers]);
    });
  });

  it.each([1, 31, 32, 33, 64, 864])('keep %i numbers of 3 bits in as many words, each bit in its place', (count) => {
    const values = Float32Array.from({ length: count }, () => random.integer(8));
    scope(() => {
      const packed = packBits(tensorFrom(values, [count]), 3);
      expect(packed.bytes).toBe(4 * packedWords(count, 3));
      const words = packed.read();
      const perPlane = words.length / 3;
      for (let element = 0; element < count; element++) {
        const bit = (plane: number) => (words[plane * perPlane + (element >> 5)]! >>> (element & 31)) & 1;
        expect(bit(0) + 2 * bit(1) + 4 * bit(2)).toBe(values[element]);
      }
      expect([...unpackBits(packed, 3, [count]).read()]).toEqual([...values]);
    });
  });

  it('take exactly 3 bits an element where 32 divides their number', () => {
    expect(packedWords(864, 3) * 32).toBe(3 * 864);
  });

  it('round to multiples of 2^-20, ties to even', () => {
    const unit = 2 ** -20;
    const given = [0.5, 1.5, -0.5, -1.5, 3.25, -3.75, 1e6].map((value) => value * unit);
    const found = scope(() => [...scaledToGrid(tensorFrom(given, [given.length])).read()]);
    expect(found.map((value) => value + 0)).toEqual([0, 2, 0, -2, 3, -4, 1e6]);
    expect(scope(() => fromFixedPoint(tensorFrom([3, -(2 ** 30)], [2], 'int32')).read())).toEqual(
      Float32Array.of(3 * unit, -1024),
    );
  });
});
