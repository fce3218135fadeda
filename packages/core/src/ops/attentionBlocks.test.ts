import { describe, expect, it } from 'vitest';
import { backward } from '../autograd/backward.js';
import { graphScope } from '../autograd/node.js';
import { withSavingPolicy, type SavingPolicy } from '../autograd/policy.js';
import { isLoaded } from '../backend/backend.js';
import { metaProvider } from '../backend/meta/provider.js';
import { useBackend } from '../backend/useBackend.js';
import { RandomStream } from '../random/stream.js';
import { Parameter } from '../tensor/parameter.js';
import { memoryMeter } from '../tensor/runtime.js';
import { scope } from '../tensor/scope.js';
import { TokenSelection, withSelection } from '../tensor/selection.js';
import { tensorFrom } from '../tensor/tensor.js';
import { describeOnBackends } from '../testing/backends.js';
import { attention, type AttentionOptions } from './attention.js';
import { queryBlocks } from './attentionBlocks.js';
import { additiveMask, causalOrder } from './mask.js';

/** 19 million scores: two blocks of queries. */
const [B, T, heads, width] = [2, 1100, 8, 32];

const uniformValues = (name: string, size: number) => {
  const stream = new RandomStream(1, name);
  return Float32Array.from({ length: size }, () => 4 * stream.uniform() - 2);
};

/** Padding at the end of the second row. */
const padding = () => Int32Array.from({ length: B * T }, (_, index) => (index < 2 * T - 30 ? 1 : 0));

/** 40 tokens of each row, from both blocks; the last slot of the second row is padding. */
function someTokens(): TokenSelection {
  const tokens = 40;
  const positions = Int32Array.from(
    { length: B * tokens },
    (_, slot) => (slot % tokens) * 27 + Math.floor(slot / tokens),
  );
  const mask = new Int32Array(B * tokens).fill(1);
  mask[2 * tokens - 1] = 0;
  return new TokenSelection(B, T, tokens, positions, mask);
}

interface Case {
  readonly name: string;
  readonly keyValueHeads?: number;
  readonly selected?: boolean;
  readonly options: (selection: TokenSelection | undefined) => Omit<AttentionOptions, 'heads' | 'keyValueHeads'>;
}

const dropout = { rate: 0.25, key: [3, -4] } as const;

const cases: readonly Case[] = [
  {
    name: 'dropout and padding',
    options: () => ({ dropout, mask: { keys: additiveMask(tensorFrom(padding(), [B, T], 'int32')) } }),
  },
  {
    name: 'causal, shared key heads',
    keyValueHeads: 2,
    options: (selection) => ({ mask: { causal: causalOrder(T, undefined, selection) } }),
  },
  {
    name: 'causal, dropout, some tokens selected',
    selected: true,
    options: (selection) => ({ dropout, mask: { causal: causalOrder(T, undefined, selection) } }),
  },
];

function run({ keyValueHeads = heads, selected, options }: Case, policy: SavingPolicy): Float32Array[] {
  const keyWidth = (width / heads) * keyValueHeads;
  const inputs = [width, keyWidth, keyWidth].map((size, index) =>
    Parameter.from(uniformValues(String(index), B * T * size), [B, T, size]),
  );
  const selection = selected === true ? someTokens() : undefined;
  const results = graphScope(() =>
    scope(() => {
      const [q, k, v] = inputs.map((input) => withSelection(input, selection));
      const mixed = withSavingPolicy(policy, () =>
        attention(q!, k!, v!, { heads, keyValueHeads, ...options(selection) }),
      );
      const rows = selection?.tokens ?? T;
      const output = Float32Array.from(mixed.read());
      backward(mixed, tensorFrom(uniformValues('g', B * rows * width), [B, rows, width]));
      return [output, ...inputs.map(({ gradient }) => Float32Array.from(gradient!.read()))];
    }),
  );
  selection?.release();
  for (const input of inputs) input.release();
  return results;
}

await describeOnBackends('attention in blocks of queries', () => {
  it.each(cases)('$name: output and gradients are those of whole scores', (each) => {
    const [whole, blocked] = [run(each, 'pytorch'), run(each, 'lean')];
    for (const [index, expected] of whole.entries()) {
      const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const error = expected.reduce((most, value, at) => Math.max(most, Math.abs(value - blocked[index]![at]!)), 0);
      expect(largest).toBeGreaterThan(0.01);
      expect(error / largest, ['output', 'query', 'key', 'value'][index]).toBeLessThan(1e-5);
    }
  });
});

describe('blocks', () => {
  it('cover all queries once, in order, each within the limit or a single query', () => {
    for (const shape of [
      [2, 8, 1100, 1100],
      [1, 32, 2048, 2048],
      [1, 1, 5, 2 ** 25],
      [3, 2, 7, 7],
    ]) {
      const blocks = queryBlocks(shape, 1000);
      expect(
        blocks.flatMap(({ begin, end }) => Array.from({ length: end - begin }, (_, index) => begin + index)),
      ).toEqual(Array.from({ length: shape[2]! }, (_, index) => index));
      for (const { begin, end } of blocks) {
        const scores = shape[0]! * shape[1]! * shape[3]! * (end - begin);
        expect(scores <= 2 ** 24 || end - begin === 1).toBe(true);
      }
    }
    expect(queryBlocks([3, 2, 7, 7], 1000)).toHaveLength(1);
    expect(queryBlocks([2, 8, 1100, 1100], 1000)).toHaveLength(2);
  });

  it.each([0, 0.1])('keep the peak far below whole scores (dropout %f)', async (rate) => {
    const loaded = await metaProvider().load();
    if (!isLoaded(loaded)) throw new Error(loaded.reason);
    await useBackend(loaded);
    const [batch, tokens, size] = [4, 4096, 1024];
    const peak = (policy: SavingPolicy) => {
      const inputs = [0, 1, 2].map(() => Parameter.filled([batch, tokens, size], 0));
      memoryMeter().resetPeak();
      graphScope(() =>
        scope(() => {
          const [q, k, v] = inputs as [Parameter, Parameter, Parameter];
          const options = { heads: 16, dropout: { rate, key: [1, 2] } } as const;
          backward(
            withSavingPolicy(policy, () => attention(q, k, v, options)),
            tensorFrom(new Float32Array(batch * tokens * size), [batch, tokens, size]),
          );
        }),
      );
      const { peakBytes } = memoryMeter().snapshot();
      for (const input of inputs) input.release();
      expect(memoryMeter().liveBytes).toBe(0);
      return peakBytes;
    };
    const scores = 4 * batch * 16 * tokens * tokens;
    const states = 4 * batch * tokens * size;
    expect(peak('pytorch')).toBeGreaterThan(2 * scores);
    // Inputs, gradients and their parts, and a few blocks of 64 MiB: nothing that grows with the tokens' square.
    expect(peak('lean')).toBeLessThan(14 * states + 6 * 2 ** 26);
    expect(peak('lean')).toBeLessThan(scores / 2);
  });
});
