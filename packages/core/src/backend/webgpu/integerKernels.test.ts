import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { add, multiply, subtract } from '../../kernels/elementwise.js';
import { concatenate, gather, scatterAdd, slice } from '../../kernels/shape.js';
import { dawnProvider } from '../../node/webgpu/provider.js';
import { memoryMeter } from '../../tensor/runtime.js';
import { scope } from '../../tensor/scope.js';
import { tensorFrom } from '../../tensor/tensor.js';
import { useSoftwareWebGpu } from '../../testing/softwareWebGpu.js';
import { isLoaded, type LoadedBackend } from '../backend.js';
import { useBackend } from '../useBackend.js';

useSoftwareWebGpu();
const found = await dawnProvider().load();
const note = isLoaded(found) ? '' : ` [skipped: ${found.reason}]`;

describe.skipIf(!isLoaded(found))(`int32 kernels of webgpu${note}`, () => {
  const integers = (values: readonly number[], shape: readonly number[] = [values.length]) =>
    tensorFrom(Int32Array.from(values), shape, 'int32');

  beforeAll(() => useBackend(found as LoadedBackend));
  afterEach(() => expect(memoryMeter().liveBytes).toBe(0));

  it('are exact beyond 2²⁴, and modulo 2³²', () => {
    scope(() => {
      const [a, b] = [
        [16_777_217, -2_147_483_648, 2_147_483_647],
        [16_777_217, -1, 1],
      ] as const;
      const expected = (f: (x: number, y: number) => number) => a.map((x, index) => f(x, b[index]!) | 0);
      expect([...add(integers(a), integers(b)).read()]).toEqual(expected((x, y) => x + y));
      expect([...subtract(integers(a), integers(b)).read()]).toEqual(expected((x, y) => x - y));
      expect([...multiply(integers(a), integers(b)).read()]).toEqual(expected(Math.imul));
      expect([...multiply(integers(a), integers([65_536], [])).read()]).toEqual(a.map((x) => Math.imul(x, 65_536)));
      const rows = integers([1, 2, 16_777_217, 2_147_483_647, 5, 6], [3, 2]);
      expect([...slice(rows, [1, 0], [1, 2]).read()]).toEqual([16_777_217, 2_147_483_647]);
      const joined = concatenate([rows, integers([7, -16_777_217], [1, 2])], 0);
      expect([...joined.read()]).toEqual([1, 2, 16_777_217, 2_147_483_647, 5, 6, 7, -16_777_217]);
    });
  });

  it('find and fill rows beyond 2²⁴', () => {
    scope(() => {
      const rows = 2 ** 24 + 8;
      const places = [2 ** 24 + 1, 2 ** 24 + 3, 0];
      const values = new Float32Array(rows);
      places.forEach((place, index) => (values[place] = index + 1));
      const gathered = gather(tensorFrom(values, [rows, 1], 'float32', 'take'), integers(places));
      expect([...gathered.read()]).toEqual([1, 2, 3]);
      const updates = tensorFrom([1, 10, 100, 1000], [4, 1]);
      const filled = scatterAdd(integers([...places, places[1]!]), updates, rows).read();
      expect(places.map((place) => filled[place])).toEqual([1, 1010, 100]);
    });
  });
});
