import { describe, expect, it } from 'vitest';
import { backward } from '../autograd/backward.js';
import { gradCheck } from '../autograd/gradCheck.js';
import { noGrad } from '../autograd/gradMode.js';
import { graphScope } from '../autograd/node.js';
import { useBackend } from '../backend/useBackend.js';
import type { LoadedBackend } from '../backend/backend.js';
import { metaProvider } from '../backend/meta/provider.js';
import { Linear } from '../modules/layers.js';
import { RandomParameterSource } from '../modules/initialization.js';
import { QuantizedLinear } from '../modules/quantizedLinear.js';
import { dequantizingLinear } from '../ops/dequantizingLinear.js';
import { linear } from '../ops/linear.js';
import { RandomStream } from '../random/stream.js';
import { Parameter } from '../tensor/parameter.js';
import { memoryMeter } from '../tensor/runtime.js';
import { scope } from '../tensor/scope.js';
import { describeOnBackends } from '../testing/backends.js';
import { total } from '../testing/probes.js';
import { dynamicCodebook, nf4Codebook } from './codebooks.js';
import { Nf4Weight } from './nf4Weight.js';
import { quantizeNf4 } from './quantize.js';

function normal(size: number, seed = 1): Float32Array {
  const stream = new RandomStream(seed, 'nf4');
  return Float32Array.from({ length: size }, () => stream.normal());
}

/** The definition, number by number: codebook value · scale; scales are numbers, or codes of their own. */
function definition(values: Float32Array, blockSize: number, doubleQuant: boolean): Float32Array {
  const { codes, absmax } = quantizeNf4(values, { blockSize, doubleQuant });
  return Float32Array.from(codes, (code, index) => {
    const block = Math.floor(index / blockSize);
    if (absmax instanceof Float32Array) return nf4Codebook[code]! * absmax[block]!;
    const nested = Math.fround(dynamicCodebook[absmax.codes[block]!]! * absmax.absmax[Math.floor(block / 256)]!);
    return nf4Codebook[code]! * Math.fround(nested + absmax.offset);
  });
}

/** Bit for bit; many times faster than `toEqual`. */
function equal(a: Float32Array, b: Float32Array): boolean {
  return Buffer.from(a.buffer).equals(Buffer.from(b.buffer));
}

/** Bytes by formula: 8 codes a word; 4 a scale, or a byte (4 to a word), 4 for every 256 and 4 for their mean. */
function bytesOf(size: number, blockSize: number, doubleQuant: boolean): number {
  const blocks = Math.ceil(size / blockSize);
  const scales = doubleQuant ? 4 * Math.ceil(blocks / 4) + 4 * Math.ceil(blocks / 256) + 4 : 4 * blocks;
  return 4 * Math.ceil(size / 8) + scales;
}

const shapes: readonly (readonly [number, number])[] = [
  [64, 96],
  [1, 1],
  [3, 5],
  [7, 9],
  [33, 100],
  [257, 64],
  [1040, 256],
];
const settings = [64, 128, 256].flatMap((blockSize) => [
  { blockSize, doubleQuant: false },
  { blockSize, doubleQuant: true },
]);

describe('codebooks', () => {
  it('NF4: quantiles of the normal distribution, symmetric ends, 0 exact', () => {
    expect(nf4Codebook).toHaveLength(16);
    expect([nf4Codebook[0], nf4Codebook[7], nf4Codebook[15]]).toEqual([-1, 0, 1]);
    expect([...nf4Codebook].sort((a, b) => a - b)).toEqual([...nf4Codebook]);
  });

  it('8 bits: ascending, signs in pairs but for 0 and 1', () => {
    expect(dynamicCodebook).toHaveLength(256);
    expect([...dynamicCodebook].sort((a, b) => a - b)).toEqual([...dynamicCodebook]);
    expect([...dynamicCodebook].filter((value) => value > 0 && !dynamicCodebook.includes(-value))).toEqual([1]);
    expect(dynamicCodebook).toContain(0);
  });
});

describe('quantizeNf4', () => {
  const options = { blockSize: 64, doubleQuant: false };
  /** A block whose largest value is 1: values are compared as they are. */
  const codesOf = (values: readonly number[]) => {
    const block = Float32Array.from({ length: 64 }, (_, index) => (index === 0 ? 1 : (values[index - 1] ?? 0)));
    return [...quantizeNf4(block, options).codes.subarray(1, values.length + 1)];
  };

  it('takes the nearest code, the lower one in the middle', () => {
    for (let code = 0; code < 15; code++) {
      const middle = Math.fround(Math.fround(nf4Codebook[code]! + nf4Codebook[code + 1]!) / 2);
      const ulp = 2 ** (Math.floor(Math.log2(Math.abs(middle))) - 23);
      expect(codesOf([middle - ulp, middle, middle + ulp]), String(code)).toEqual([code, code, code + 1]);
    }
  });

  it('gives zeros code 7 and scale 0', () => {
    const { codes, absmax } = quantizeNf4(new Float32Array(128), options);
    expect([...new Set(codes)]).toEqual([7]);
    expect(absmax).toEqual(Float32Array.of(0, 0));
  });

  it('equal scales are their mean, exactly', () => {
    const values = Float32Array.from({ length: 192 }, (_, index) => (index % 2 === 0 ? 3 : -3));
    expect(quantizeNf4(values, { blockSize: 64, doubleQuant: true }).absmax).toEqual({
      codes: new Uint8Array(3),
      absmax: Float32Array.of(0),
      offset: 3,
    });
  });
});

await describeOnBackends('NF4 weights', ({ extendedStorage }) => {
  it.runIf(extendedStorage?.dtypes.includes('bfloat16'))('are rounded where bfloat16 is asked for', () => {
    const values = normal(64 * 96);
    const weight = Nf4Weight.quantize(() => values, [64, 96], { blockSize: 64, doubleQuant: true });
    const actual = scope(() => {
      const numbers = weight.dequantize('bfloat16');
      expect(numbers.bytes).toBe(2 * values.length);
      return Float32Array.from(numbers.read());
    });
    const words = new Uint32Array(definition(values, 64, true).buffer);
    // To the nearest upper half, ties to even.
    const rounded = words.map((word) => ((word + 0x7fff + ((word >>> 16) & 1)) >>> 16) << 16);
    expect(equal(actual, new Float32Array(rounded.buffer))).toBe(true);
    weight.release();
  });

  it.each(settings)('are the codes’ numbers, bit for bit: %o', ({ blockSize, doubleQuant }) => {
    for (const shape of shapes) {
      const values = normal(shape[0] * shape[1]);
      const before = memoryMeter().liveBytes;
      const weight = Nf4Weight.quantize(() => values, shape, { blockSize, doubleQuant });
      expect(memoryMeter().liveBytes - before).toBe(bytesOf(values.length, blockSize, doubleQuant));
      expect(memoryMeter().liveByCategory.parameters).toBe(memoryMeter().liveBytes);
      const actual = scope(() => {
        const numbers = weight.dequantize();
        expect(numbers.shape).toEqual(shape);
        return Float32Array.from(numbers.read());
      });
      expect(equal(actual, definition(values, blockSize, doubleQuant)), shape.join(' × ')).toBe(true);
      weight.release();
    }
  });

  it('multiply as their numbers do, forward and backward, and save nothing', () => {
    const values = normal(24 * 20);
    const weight = Nf4Weight.quantize(() => values, [24, 20], { blockSize: 64, doubleQuant: true });
    const x = Parameter.from(normal(6 * 20, 2), [2, 3, 20]);
    const bias = Parameter.from(normal(24, 3), [24]);
    const product = (by: 'codes' | 'numbers') =>
      graphScope(() =>
        scope(() => {
          const y = by === 'codes' ? dequantizingLinear(x, weight, bias) : linear(x, weight.dequantize(), bias);
          if (by === 'codes') expect(memoryMeter().liveSavedBytes).toBe(0);
          backward(total(y));
          const result = [y, x.gradient!, bias.gradient!].map((tensor) => Float32Array.from(tensor.read()));
          for (const parameter of [x, bias]) {
            parameter.gradient!.release();
            parameter.gradient = undefined;
          }
          return result;
        }),
      );
    expect(product('codes')).toEqual(product('numbers'));
    for (const { maxNumeric, maxRelativeError } of gradCheck(() => total(dequantizingLinear(x, weight, bias)), {
      x,
      bias,
    })) {
      expect(maxNumeric).toBeGreaterThan(0.1);
      expect(maxRelativeError).toBeLessThan(2e-3);
    }
    for (const held of [x, bias, weight]) held.release();
  });

  it.each(['out-in', 'in-out'] as const)('take the place of a linear layer and give it back: %s', (layout) => {
    const make = () => new Linear(96, 40, new RandomParameterSource(5, 0.1), { layout });
    const reference = make();
    const numbers = scope(() => Float32Array.from(reference.weightOutFirst().read()));
    reference.release();
    const quantized = new QuantizedLinear(make(), { blockSize: 64, doubleQuant: true });
    expect([...quantized.namedParameters()].map(([name]) => name)).toEqual(['bias']);
    expect(memoryMeter().liveBytes).toBe(bytesOf(96 * 40, 64, true) + 4 * 40);
    const x = Parameter.from(normal(3 * 96, 2), [3, 96]);
    const before = noGrad(() => scope(() => Float32Array.from(quantized.call(x).read())));
    const plain = quantized.toLinear();
    expect(scope(() => Float32Array.from(plain.weightOutFirst().read()))).toEqual(definition(numbers, 64, true));
    const after = noGrad(() => scope(() => Float32Array.from(plain.call(x).read())));
    // Another layout may add up in another order.
    expect(Math.max(...after.map((value, index) => Math.abs(value - before[index]!)))).toBeLessThan(1e-5);
    expect(memoryMeter().liveBytes).toBe(4 * (96 * 40 + 40 + 3 * 96));
    plain.release();
    x.release();
  });
});

describe('NF4 weights on meta', () => {
  it('take the same bytes, of any size and at once', async () => {
    await useBackend((await metaProvider().load()) as LoadedBackend);
    for (const { blockSize, doubleQuant } of settings) {
      for (const shape of [...shapes, [4096, 11008] as const]) {
        const unread = () => {
          throw new Error('no value is needed');
        };
        const weight = Nf4Weight.quantize(unread, shape, { blockSize, doubleQuant });
        expect(memoryMeter().liveBytes).toBe(bytesOf(shape[0] * shape[1], blockSize, doubleQuant));
        scope(() => {
          const numbers = weight.dequantize('bfloat16');
          expect([numbers.shape, numbers.bytes]).toEqual([shape, 2 * shape[0] * shape[1]]);
        });
        weight.release();
        expect(memoryMeter().liveBytes).toBe(0);
      }
    }
  });
});
