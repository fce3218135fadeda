import { isLoaded, useBackend, type LoadedBackend } from '@leantune/core';
import { attentionGradientKernelName, attentionKernelName } from '@leantune/core/backend';
import { engine, tensor, type NamedTensorMap, type Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { torchProvider } from '../provider.js';

const found = await torchProvider().load();
const note = isLoaded(found) ? '' : ` [skipped: ${found.reason}]`;

/** Core's suite proves the loops of the CPU against the composed form; this one proves the versions of GPUs against them. */
describe.skipIf(!isLoaded(found))(`attention on torch as GPUs compute it${note}`, () => {
  beforeAll(() => useBackend(found as LoadedBackend));

  const [batch, length, keys, width] = [2, 23, 19, 24];
  const numbers = (count: number, step: number) =>
    Float32Array.from({ length: count }, (_, i) => 2 * Math.sin(i * step));

  const shared = {
    heads: 6,
    keyValueHeads: 2,
    scaling: 0.4,
    absolute: false,
    rate: 0,
    length,
    blockSize: 10,
    streams: [],
  };
  const streams = [
    [1, 2],
    [3, -4],
    [-5, 6],
  ];
  const cases = [
    { name: 'plain', settings: {} },
    { name: 'dropout in blocks', settings: { rate: 0.3, streams } },
    { name: 'mask', settings: {}, masked: 'keys' },
    { name: 'order', settings: {}, masked: 'order' },
    { name: 'mask and order', settings: {}, masked: true },
    { name: 'mask and absolute order', settings: { absolute: true }, masked: true },
    {
      name: 'selected queries of all blocks, dropout',
      settings: { rate: 0.3, streams },
      masked: true,
      rows: [0, 9, 10, 22, 23, 30, 40, 45],
    },
  ];

  const ways = ['blocks', 'library'] as const;
  it.each(ways.flatMap((way) => cases.map((each) => ({ ...each, way }))))('$way: $name', (each) => {
    const { way, settings, masked, rows } = each;
    const count = rows === undefined ? length : rows.length / batch;
    const lowest = -3.4028234663852886e38;
    const inputs: Record<string, Tensor> = {
      query: tensor(numbers(batch * count * width, 0.37), [batch, count, width]),
      key: tensor(numbers(batch * keys * 8, 0.91), [batch, keys, 8]),
      value: tensor(numbers(batch * keys * 8, 0.53), [batch, keys, 8]),
    };
    inputs.gradOutput = tensor(numbers(batch * count * width, 1.3), [batch, count, width]);
    if (masked === true || masked === 'keys') {
      // The second row sees its last keys only: early queries see none.
      inputs.maskKeys = tensor(
        Float32Array.from({ length: batch * keys }, (_, i) => (i >= keys && i < 2 * keys - 4 ? lowest : 0)),
        [batch, 1, 1, keys],
      );
    }
    if (masked === true || masked === 'order') {
      const order = Array.from({ length: batch * count }, (_, i) =>
        rows === undefined ? i % count : rows[i]! % length,
      );
      inputs.causalQueries = tensor(order, [batch, 1, count, 1], 'float32');
      inputs.causalKeys = tensor(
        Array.from({ length: keys }, (_, i) => i),
        [1, 1, 1, keys],
        'float32',
      );
    }
    if (rows !== undefined) inputs.rows = tensor(rows, [rows.length], 'int32');
    const all = { ...shared, ...settings, needsQuery: true, needsKey: true, needsValue: true };
    const run = (asked: 'host' | typeof way): Tensor[] => {
      const attributes = { ...all, way: asked } as Parameters<ReturnType<typeof engine>['runKernel']>[2];
      const map = inputs as NamedTensorMap;
      const output: Tensor = engine().runKernel(attentionKernelName, map, attributes);
      const gradients: Tensor[] = engine().runKernel(attentionGradientKernelName, map, attributes);
      return [output, ...gradients];
    };
    const [loops, other] = [run('host'), run(way)];
    expect([loops.length, other.length]).toEqual([4, 4]);
    for (const [index, expected] of other.entries()) {
      expect(loops[index]!.shape).toEqual(expected.shape);
      const [a, b] = [loops[index]!.dataSync<'float32'>(), expected.dataSync<'float32'>()];
      const largest = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(largest).toBeGreaterThan(0.01);
      expect(a.reduce((most, value, at) => Math.max(most, Math.abs(value - b[at]!)), 0) / largest).toBeLessThan(3e-6);
    }
    for (const each of [...Object.values(inputs), ...loops, ...other]) each.dispose();
  });
});
