import { describe, expect, it } from 'vitest';
import { backward } from '../autograd/backward.js';
import { graphScope } from '../autograd/node.js';
import { useBackend } from '../backend/useBackend.js';
import { castStorage } from '../kernels/storage.js';
import { RandomStream } from '../random/stream.js';
import type { FloatStorageDType } from '../tensor/dtype.js';
import { Parameter } from '../tensor/parameter.js';
import { withParameterStorage } from '../tensor/runtime.js';
import { scope } from '../tensor/scope.js';
import { TokenSelection, withSelection } from '../tensor/selection.js';
import { tensorFrom } from '../tensor/tensor.js';
import { describeOnBackends } from '../testing/backends.js';
import { attention, type AttentionOptions } from './attention.js';
import { additiveMask, causalOrder } from './mask.js';

/** Sizes that fit no vector unit and no tile of queries. */
const [B, queries, heads, width] = [3, 41, 6, 30];

interface Case {
  readonly name: string;
  readonly keyValueHeads?: number;
  /** As many as queries by default. */
  readonly keys?: number;
  readonly selected?: boolean;
  /** Inputs that are trained; all by default. */
  readonly trained?: readonly number[];
  readonly options: (selection?: TokenSelection) => Omit<AttentionOptions, 'heads' | 'keyValueHeads'>;
}

const dropout = { rate: 0.2, key: [7, 8] } as const;
/** The last row sees nothing but padding. */
const padding = (keys: number) =>
  additiveMask(
    tensorFrom(
      Int32Array.from({ length: B * keys }, (_, index) => (index < 2 * keys - 9 ? 1 : 0)),
      [B, keys],
      'int32',
    ),
  );

const cases: readonly Case[] = [
  { name: 'plain', options: () => ({}) },
  { name: 'padding, dropout', options: () => ({ mask: { keys: padding(queries) }, dropout }) },
  {
    name: 'padding of other keys, scaled',
    keys: 150,
    options: () => ({ mask: { keys: padding(150) }, scaling: 0.7, dropout }),
  },
  {
    name: 'causal, shared heads',
    keyValueHeads: 2,
    options: (selection) => ({ mask: { causal: causalOrder(queries, undefined, selection) }, dropout }),
  },
  {
    name: 'causal and padding',
    options: () => ({ mask: { keys: padding(queries), causal: causalOrder(queries) } }),
  },
  {
    name: 'absolutely causal and padding',
    options: () => ({ mask: { keys: padding(queries), causal: { ...causalOrder(queries), absolute: true } } }),
  },
  {
    name: 'selected tokens, causal, padding, dropout',
    selected: true,
    options: (selection) => ({
      mask: { keys: padding(queries), causal: causalOrder(queries, undefined, selection) },
      dropout,
    }),
  },
  { name: 'queries alone trained', trained: [0], options: () => ({ dropout }) },
  { name: 'values alone trained', trained: [2], options: () => ({ dropout }) },
];

/** Five tokens a row; the last slot of the second row is padding. */
function someTokens(): TokenSelection {
  const positions = Int32Array.of(0, 3, 17, 30, 40, 1, 2, 3, 4, 0, 40, 39, 38, 20, 10);
  const mask = new Int32Array(15).fill(1);
  mask[9] = 0;
  return new TokenSelection(B, queries, 5, positions, mask);
}

const values = (name: string, size: number) => {
  const random = new RandomStream(5, name);
  return Float32Array.from({ length: size }, () => 4 * random.uniform() - 2);
};

/** Output and gradients of the trained inputs. */
function run(each: Case, storage: FloatStorageDType): number[][] {
  const { keyValueHeads = heads, keys = queries, trained = [0, 1, 2], options } = each;
  const selection = each.selected === true ? someTokens() : undefined;
  const keyWidth = (width / heads) * keyValueHeads;
  const shapes = [
    [B, queries, width],
    [B, keys, keyWidth],
    [B, keys, keyWidth],
  ];
  const inputs = shapes.map((shape, index) =>
    withParameterStorage(storage, () =>
      Parameter.from(
        values(
          String(index),
          shape.reduce((a, b) => a * b),
        ),
        shape,
      ),
    ),
  );
  for (const [index, input] of inputs.entries()) input.requiresGrad = trained.includes(index);
  const results = graphScope(() =>
    scope(() => {
      const [q, k, v] = inputs.map((input) => withSelection(input, selection));
      const mixed = attention(q!, k!, v!, { heads, keyValueHeads, ...options(selection) });
      const output = [...mixed.read()];
      const rows = selection?.tokens ?? queries;
      const gradient = tensorFrom(values('g', B * rows * width), [B, rows, width]);
      backward(mixed, castStorage(gradient, storage));
      return [output, ...trained.map((index) => [...inputs[index]!.gradient!.read()])];
    }),
  );
  selection?.release();
  for (const input of inputs) input.release();
  return results;
}

const tolerances: Readonly<Record<FloatStorageDType, number>> = {
  float32: 5e-6,
  float64: 2e-7, // read as float32
  bfloat16: 2 ** -5,
  float16: 2 ** -8,
};

await describeOnBackends('fused attention', (backend) => {
  const fuses = backend.fusesKernels === true;
  it.skipIf(fuses)('is composed here', () => expect(backend.fusesKernels).not.toBe(true));

  describe.skipIf(!fuses).each(['float32', 'float64', 'bfloat16', 'float16'] as const)('held as %s', (storage) => {
    it.each(cases)('$name: output and gradients of the composed form', async (each) => {
      await useBackend({ ...backend, fusesKernels: false });
      const composed = run(each, storage);
      await useBackend(backend);
      const fused = run(each, storage);
      for (const [index, expected] of composed.entries()) {
        const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        const error = expected.reduce((most, value, at) => Math.max(most, Math.abs(value - fused[index]![at]!)), 0);
        expect(largest).toBeGreaterThan(0.01);
        expect(fused[index]!.length).toBe(expected.length);
        expect(error / largest, `result ${index}`).toBeLessThan(tolerances[storage]);
      }
    });
  });
});
