import { describe, expect, it } from 'vitest';
import { uniform } from '../kernels/random.js';
import { applyKeepMask, keepMask } from '../kernels/dropout.js';
import { dropout } from '../ops/dropout.js';
import { useBackend } from '../backend/useBackend.js';
import { scope } from '../tensor/scope.js';
import { tensorFrom } from '../tensor/tensor.js';
import { describeOnBackends } from '../testing/backends.js';
import { fillStatelessUniform } from './statelessUniform.js';
import { streamKey, type StreamKey } from './stream.js';
import { loadBackends } from '../testing/loadedBackends.js';

const keys: readonly StreamKey[] = [
  [0, 0],
  [1, 2],
  [-1, -2],
  [-2147483648, 2147483647],
  streamKey(7, 'dropout', 'encoder.layer.0', 3),
];
/** Sizes around the blocks of four words, and one that TensorFlow shares out to threads. */
const sizes = [1, 2, 3, 4, 5, 7, 4099, 300_001];

/** How many elements differ in a bit. */
function differingBits(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  const bits = (values: Float32Array) => new Uint32Array(Float32Array.from(values).buffer);
  const [left, right] = [bits(a), bits(b)];
  return left.filter((value, index) => value !== right[index]).length;
}

function onHost(size: number, key: StreamKey): Float32Array {
  const values = new Float32Array(size);
  fillStatelessUniform(values, key);
  return values;
}

await describeOnBackends('stateless uniform numbers', () => {
  it.each(keys)('have the bits of the host for seed (%i, %i)', (...key) => {
    for (const size of sizes) {
      const values = scope(() => uniform([size], key).read() as Float32Array);
      expect(differingBits(values, onHost(size, key)), `size ${size}`).toBe(0);
    }
  });

  it('depend on the order of elements, not on the shape', () => {
    const flat = scope(() => uniform([24], [3, 4]).read());
    expect(scope(() => uniform([2, 3, 4], [3, 4]).read())).toEqual(flat);
  });

  it('are multiples of 2^-23 in [0, 1) with mean 1/2', () => {
    const n = 100_000;
    const values = scope(() => uniform([n], [5, 6]).read());
    let sum = 0;
    for (const value of values) {
      if (!(value >= 0 && value < 1) || !Number.isInteger(value * 2 ** 23)) expect.fail(`${value}`);
      sum += value;
    }
    expect(Math.abs(sum / n - 0.5)).toBeLessThan((4 * 0.2887) / Math.sqrt(n)); // four standard errors
  });
});

await describeOnBackends('dropout', () => {
  const n = 100_000;

  it.each([0.1, 0.5, 0.9])('of rate %d drops that share, and scales the rest by 1 / (1 - rate)', (rate) => {
    const values = scope(() => dropout(tensorFrom(new Float32Array(n).fill(3), [n]), { rate, key: [8, 9] }).read());
    const dropped = values.filter((value) => value === 0).length;
    // Four standard errors of a binomial share.
    expect(Math.abs(dropped / n - rate)).toBeLessThan(4 * Math.sqrt((rate * (1 - rate)) / n));
    const kept = values.find((value) => value !== 0)!;
    expect(kept).toBeCloseTo(3 / (1 - rate), 4);
    expect(values.every((value) => value === 0 || value === kept)).toBe(true);
  });

  it('drops where the uniform number is below the rate', () => {
    const expected = [...onHost(100, [8, 9])].map((value) => (value >= Math.fround(0.3) ? 1 : 0));
    expect([...scope(() => keepMask([100], { rate: 0.3, key: [8, 9] }).read())]).toEqual(expected);
  });

  it('draws the same mask again for the same key, and another one for another', () => {
    const mask = (key: StreamKey) => scope(() => keepMask([n], { rate: 0.5, key }).read());
    const first = mask([1, 1]);
    const agreeing = (other: ReturnType<typeof mask>) => other.filter((value, index) => value === first[index]).length;
    expect(agreeing(mask([1, 1]))).toBe(n);
    // Independent masks of rate 1/2 agree on half of the elements, within four standard errors.
    expect(Math.abs(agreeing(mask([1, 2])) / n - 0.5)).toBeLessThan(2 / Math.sqrt(n));
  });

  it('of rate 0 is the value itself', () => {
    scope(() => {
      const x = tensorFrom([1, 2], [2]);
      expect(dropout(x, { rate: 0, key: [1, 1] })).toBe(x);
    });
  });
});

describe('two backends in one process', async () => {
  const { loaded, missing } = await loadBackends();

  it.skipIf(loaded.length < 2)(
    `drop the same elements to the bit${missing.length ? ` (${missing.map(({ name, reason: why }) => `${name}: ${why}`).join('; ')})` : ''}`,
    async () => {
      const results: Float32Array[] = [];
      for (const backend of [...loaded, ...loaded]) {
        await useBackend(backend);
        const key = streamKey(1, 'dropout', 'x', 0);
        const values = scope(() => {
          const x = tensorFrom(onHost(1001, [2, 3]), [1001]);
          return applyKeepMask(x, keepMask([1001], { rate: 0.1, key }), 0.1).read() as Float32Array;
        });
        results.push(Float32Array.from(values));
      }
      for (const values of results) expect(differingBits(values, results[0]!)).toBe(0);
    },
  );
});
