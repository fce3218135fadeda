import { expect, it } from 'vitest';
import { backward } from '../autograd/backward.js';
import { gradCheck } from '../autograd/gradCheck.js';
import { noGrad } from '../autograd/gradMode.js';
import { graphScope } from '../autograd/node.js';
import { RandomStream } from '../random/stream.js';
import { Parameter } from '../tensor/parameter.js';
import { scope } from '../tensor/scope.js';
import { TokenSelection, withSelection } from '../tensor/selection.js';
import { tensorFrom, type Tensor } from '../tensor/tensor.js';
import { describeOnBackends } from '../testing/backends.js';
import { gradientOf } from '../testing/probes.js';
import { attention } from './attention.js';
import { embedding } from './embedding.js';
import { meanSquaredError } from './loss.js';
import { additiveMask, causalOrder } from './mask.js';
import { prependTokens, replaceFirstTokens, withVisiblePrefix } from './prefix.js';
import { reshape } from './reshape.js';
import { selectedRows } from './tokens.js';

const [batch, count, length, features] = [2, 3, 4, 6];

function random(name: string, shape: readonly number[]): Parameter {
  const stream = new RandomStream(11, name);
  const size = shape.reduce((product, value) => product * value, 1);
  return Parameter.from(
    Float32Array.from({ length: size }, () => stream.normal()),
    shape,
  );
}

const toScalar = (x: Tensor) => {
  const stream = new RandomStream(5, 'target');
  const target = Float32Array.from({ length: x.size }, () => stream.normal());
  return meanSquaredError(reshape(x, [x.size]), tensorFrom(target, [x.size]));
};

const make = () => ({ rows: random('rows', [count, features]), x: random('x', [batch, length, features]) });
const rowsOf = (x: Tensor): number[][][] => {
  const values = [...x.read()];
  return Array.from({ length: x.shape[0]! }, (_, b) =>
    Array.from({ length: x.shape[1]! }, (_, t) => {
      const begin = (b * x.shape[1]! + t) * features;
      return values.slice(begin, begin + features);
    }),
  );
};

await describeOnBackends('tokens before every text', () => {
  it('stand before the rows of every text, or in the place of its first ones', () => {
    const { rows, x } = make();
    scope(() => {
      const [own] = rowsOf(reshape(rows, [1, count, features]));
      const texts = rowsOf(x);
      expect(rowsOf(prependTokens(rows, x))).toEqual(texts.map((text) => [...own!, ...text]));
      expect(rowsOf(replaceFirstTokens(rows, x))).toEqual(texts.map((text) => [...own!, ...text.slice(count)]));
    });
    for (const parameter of [rows, x]) parameter.release();
  });

  it.each([
    ['prepended', prependTokens],
    ['in place of the first', replaceFirstTokens],
  ])('%s: gradients are those of central differences', (_, op) => {
    const parameters = make();
    for (const result of gradCheck(() => toScalar(op(parameters.rows, parameters.x)), parameters)) {
      expect(result.maxRelativeError).toBeLessThan(2e-3);
      expect(result.maxNumeric).toBeGreaterThan(0);
    }
    for (const parameter of Object.values(parameters)) parameter.release();
  });

  it('all get gradients under a selection of the tokens behind them, which get only theirs', () => {
    const table = random('table', [batch * length, features]);
    const prefix = random('prefix', [count, features]);
    const selection = new TokenSelection(batch, length, 2, Int32Array.of(0, 2, 1, 3), new Int32Array(4).fill(1));
    graphScope(() =>
      scope(() => {
        const ids = tensorFrom([...Array(batch * length).keys()], [batch, length], 'int32');
        const joined = prependTokens(prefix, embedding(withSelection(ids, selection), table));
        expect([joined.selection!.tokens, joined.selection!.length]).toEqual([count + 2, count + length]);
        expect([...joined.selection!.positions]).toEqual([0, 1, 2, 3, 5, 0, 1, 2, 4, 6]);
        const kept = selectedRows(joined); // [batch, count + 2, features]
        backward(reshape(kept, [kept.size]), tensorFrom(new Float32Array(kept.size).fill(1), [kept.size]));
      }),
    );
    expect(gradientOf(prefix)).toEqual(Array(count * features).fill(batch));
    const chosen = [0, 2, 5, 7];
    expect(gradientOf(table)).toEqual(
      Array.from({ length: batch * length * features }, (_, index) =>
        chosen.includes(Math.floor(index / features)) ? 1 : 0,
      ),
    );
    selection.release();
    for (const parameter of [table, prefix]) parameter.release();
  });

  it('are seen by every query as keys, under causal order and padding alike', () => {
    const [query, prefix, x] = [
      random('q', [batch, length, 2]),
      random('p', [count, 2]),
      random('k', [batch, length, 2]),
    ];
    scope(() => {
      const mask = { keys: additiveMask(tensorFrom([1, 1, 1, 1, 1, 1, 0, 0], [batch, length], 'int32')) };
      const causal = { ...mask, causal: causalOrder(length) };
      const joined = prependTokens(prefix, x);
      const values = tensorFrom(
        Float32Array.from({ length: batch * (count + length) * 2 }, (_, i) =>
          Math.floor(i / 2) % (count + length) < count ? 1 : 0,
        ),
        [batch, count + length, 2],
      );
      const weightOfPrefix = (seen: typeof causal | typeof mask) => [
        ...noGrad(() => attention(query, joined, values, { heads: 1, mask: withVisiblePrefix(seen, count) })).read(),
      ];
      const expected = (isSeen: (row: number, q: number, k: number) => boolean) =>
        Array.from({ length: batch * length * 2 }, (_, index) => {
          const [row, q] = [Math.floor(index / (2 * length)), Math.floor(index / 2) % length];
          const score = (keys: ArrayLike<number>, k: number) => {
            const at = (row * length + q) * 2;
            const dot = query.read()[at]! * keys[2 * k]! + query.read()[at + 1]! * keys[2 * k + 1]!;
            return Math.exp(dot / Math.sqrt(2));
          };
          let [before, all] = [0, 0];
          for (let k = 0; k < count; k++) before += score(prefix.read(), k);
          for (let k = 0; k < length; k++) if (isSeen(row, q, k)) all += score(x.read(), row * length + k);
          return before / (before + all);
        });
      const real = (row: number, k: number) => row === 0 || k < 2;
      const close = (actual: number[], wanted: number[]) =>
        actual.forEach((value, index) => expect(value).toBeCloseTo(wanted[index]!, 5));
      close(
        weightOfPrefix(mask),
        expected((row, _, k) => real(row, k)),
      );
      close(
        weightOfPrefix(causal),
        expected((row, q, k) => real(row, k) && k <= q),
      );
    });
    for (const parameter of [query, prefix, x]) parameter.release();
  });
});
