import { expect, it } from 'vitest';
import { backward } from '../autograd/backward.js';
import { gradCheck } from '../autograd/gradCheck.js';
import { graphScope } from '../autograd/node.js';
import { withSavingPolicy, type SavingPolicy } from '../autograd/policy.js';
import { RandomStream } from '../random/stream.js';
import { Parameter } from '../tensor/parameter.js';
import { scope } from '../tensor/scope.js';
import { TokenSelection } from '../tensor/selection.js';
import { tensorFrom, type Tensor } from '../tensor/tensor.js';
import { describeOnBackends } from '../testing/backends.js';
import { gelu, geluTanh, relu, silu, tanh } from './activation.js';
import { add, scale } from './arithmetic.js';
import { attention } from './attention.js';
import { dropout } from './dropout.js';
import { embedding } from './embedding.js';
import { layerNorm } from './layerNorm.js';
import { linear } from './linear.js';
import { reshape } from './reshape.js';
import { crossEntropy, meanSquaredError } from './loss.js';
import { selectedRows, tokenAt, weightedTokenSum } from './tokens.js';

const policies: readonly SavingPolicy[] = ['pytorch', 'lean'];

function random(name: string, shape: readonly number[], deviation = 1): Parameter {
  const stream = new RandomStream(11, name);
  const size = shape.reduce((product, value) => product * value, 1);
  return Parameter.from(
    Float32Array.from({ length: size }, () => stream.normal() * deviation),
    shape,
  );
}

/** A scalar that depends on every element of `x` in its own way: the squared distance from a random target. */
function toScalar(x: Tensor): Tensor {
  const stream = new RandomStream(5, 'target');
  const target = tensorFrom(
    Float32Array.from({ length: x.size }, () => stream.normal()),
    [x.size],
  );
  return meanSquaredError(reshape(x, [x.size]), target);
}

type Case = readonly [
  name: string,
  parameters: () => Record<string, Parameter>,
  f: (p: Record<string, Parameter>) => Tensor,
];

const [B, T, H] = [2, 5, 8];

const cases: readonly Case[] = [
  [
    'linear',
    () => ({ x: random('x', [B, T, H]), weight: random('w', [6, H], 0.4), bias: random('b', [6]) }),
    ({ x, weight, bias }) => linear(x!, weight!, bias),
  ],
  ['add', () => ({ a: random('a', [B, T, H]), b: random('b', [B, T, H]) }), ({ a, b }) => add(a!, b!)],
  ['add of one value twice', () => ({ a: random('a', [B, T, H]) }), ({ a }) => add(a!, a!)],
  ['scale', () => ({ x: random('x', [B, T, H]) }), ({ x }) => scale(x!, -1.7)],
  ['gelu', () => ({ x: random('x', [B, T, H]) }), ({ x }) => gelu(x!)],
  ['geluTanh', () => ({ x: random('x', [B, T, H]) }), ({ x }) => geluTanh(x!)],
  ['silu', () => ({ x: random('x', [B, T, H]) }), ({ x }) => silu(x!)],
  ['relu', () => ({ x: random('x', [B, T, H]) }), ({ x }) => relu(x!)],
  ['tanh', () => ({ x: random('x', [B, T, H]) }), ({ x }) => tanh(x!)],
  [
    'gelu into linear',
    () => ({ x: random('x', [B, T, H]), weight: random('w', [4, H], 0.4) }),
    ({ x, weight }) => linear(gelu(x!), weight!),
  ],
  [
    'layerNorm',
    () => ({ x: random('x', [B, T, H]), weight: random('w', [H]), bias: random('b', [H]) }),
    ({ x, weight, bias }) => layerNorm(x!, weight!, bias!, 1e-5),
  ],
  [
    'layerNorm into linear',
    () => ({
      x: random('x', [B, T, H]),
      weight: random('w', [H]),
      bias: random('b', [H]),
      w2: random('w2', [3, H], 0.4),
    }),
    ({ x, weight, bias, w2 }) => linear(layerNorm(x!, weight!, bias!, 1e-5), w2!),
  ],
  [
    'embedding',
    () => ({ weight: random('w', [7, H]) }),
    ({ weight }) => embedding(tensorFrom([1, 2, 2, 0, 6, 3, 3, 3, 1, 5], [B, T], 'int32'), weight!),
  ],
  ['dropout', () => ({ x: random('x', [B, T, H]) }), ({ x }) => dropout(x!, { rate: 0.3, key: [1, 2] })],
  [
    'dropout into linear',
    () => ({ x: random('x', [B, T, H]), weight: random('w', [4, H], 0.4) }),
    ({ x, weight }) => linear(dropout(x!, { rate: 0.3, key: [1, 2] }), weight!),
  ],
  ['tokenAt', () => ({ x: random('x', [B, T, H]) }), ({ x }) => tokenAt(x!, 3)],
  [
    'weightedTokenSum',
    () => ({ x: random('x', [B, T, H]) }),
    ({ x }) => weightedTokenSum(x!, tensorFrom([1, 0, 0.5, 0.5, 0, 0.2, 0.2, 0.2, 0.2, 0.2], [B, 1, T])),
  ],
  [
    'attention',
    () => ({ q: random('q', [B, T, H]), k: random('k', [B, T, H]), v: random('v', [B, T, H]) }),
    ({ q, k, v }) => attention(q!, k!, v!, { heads: 2 }),
  ],
  [
    'attention with mask and dropout',
    () => ({ q: random('q', [B, T, H]), k: random('k', [B, T, H]), v: random('v', [B, T, H]) }),
    ({ q, k, v }) =>
      attention(q!, k!, v!, {
        heads: 2,
        mask: tensorFrom([0, 0, 0, -1e9, -1e9, 0, 0, 0, 0, 0], [B, 1, 1, T]),
        dropout: { rate: 0.25, key: [3, 4] },
      }),
  ],
];

/** A token-wise program of every op that carries a selection; x is a leaf that carries none. */
function selectionProgram(p: Record<string, Parameter>, selection: TokenSelection | undefined): Tensor {
  const ids = tensorFrom([1, 2, 2, 4, 6, 3, 3, 3, 1, 5], [B, T], 'int32');
  const x = layerNorm(embedding(ids, p.embedding!, { selection }), p.gain!, p.shift!, 1e-5);
  const q = linear(x, p.wq!);
  const k = linear(x, p.wk!);
  const v = linear(x, p.wv!);
  const mixed = attention(q, k, v, { heads: 2, dropout: { rate: 0.25, key: [3, 4] } });
  const residual = add(x, dropout(linear(mixed, p.wo!), { rate: 0.2, key: [7, 7] }));
  return selectedRows(linear(gelu(linear(residual, p.up!)), p.down!));
}

const selectionParameters = () => ({
  embedding: random('e', [7, H]),
  gain: random('gain', [H]),
  shift: random('shift', [H]),
  wq: random('wq', [H, H], 0.5),
  wk: random('wk', [H, H], 0.5),
  wv: random('wv', [H, H], 0.5),
  wo: random('wo', [H, H], 0.5),
  up: random('up', [12, H], 0.5),
  down: random('down', [H, 12], 0.5),
});

await describeOnBackends('differentiable ops', () => {
  for (const policy of policies) {
    it.each(cases.map((entry) => ({ name: entry[0], entry })))(`$name: finite differences (${policy})`, ({ entry }) => {
      const [, make, f] = entry;
      const parameters = make();
      const results = withSavingPolicy(policy, () => gradCheck(() => toScalar(f(parameters)), parameters));
      for (const parameter of Object.values(parameters)) parameter.release();
      for (const result of results) {
        expect(result.maxNumeric, result.parameter).toBeGreaterThan(1e-3);
        expect(result.maxRelativeError, result.parameter).toBeLessThan(2e-3);
      }
    });

    it(`cross-entropy with ignored rows: finite differences (${policy})`, () => {
      const logits = random('logits', [5, 4]);
      const results = withSavingPolicy(policy, () =>
        gradCheck(() => crossEntropy(logits, tensorFrom([2, -100, 0, 3, -100], [5], 'int32')), { logits }),
      );
      expect(results[0]!.maxNumeric).toBeGreaterThan(1e-2);
      expect(results[0]!.maxRelativeError).toBeLessThan(2e-3);
      logits.release();
    });

    it(`token selection of every token equals no selection (${policy})`, () => {
      const gradientsOf = (positions: number[]) => {
        const p = selectionParameters();
        const selection = new TokenSelection(B, T, T, Int32Array.from(positions), new Int32Array(B * T).fill(1));
        const values = collectGradients(policy, p, () => toScalar(selectionProgram(p, selection)));
        selection.release();
        return values;
      };
      const plain = (() => {
        const p = selectionParameters();
        return collectGradients(policy, p, () => toScalar(selectionProgram(p, undefined)));
      })();
      const all = gradientsOf([0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
      for (const [name, gradient] of Object.entries(plain)) expectClose(all[name]!, gradient, 1e-5, name);
    });

    it(`padded slots change nothing (${policy})`, () => {
      const gradientsOf = (tokens: number, positions: number[], mask: number[]) => {
        const p = selectionParameters();
        const selection = new TokenSelection(B, T, tokens, Int32Array.from(positions), Int32Array.from(mask));
        const weights = Float32Array.from(mask, (value) => value / 2);
        const values = collectGradients(policy, p, () =>
          toScalar(weightedTokenSum(selectionProgram(p, selection), tensorFrom(weights, [B, 1, tokens]))),
        );
        selection.release();
        return values;
      };
      const exact = gradientsOf(2, [0, 3, 0, 2], [1, 1, 1, 1]);
      const padded = gradientsOf(4, [0, 3, 0, 0, 0, 2, 0, 0], [1, 1, 0, 0, 1, 1, 0, 0]);
      for (const [name, gradient] of Object.entries(exact)) expectClose(padded[name]!, gradient, 1e-5, name);
    });
  }
});

function collectGradients(
  policy: SavingPolicy,
  parameters: Record<string, Parameter>,
  loss: () => Tensor,
): Record<string, Float32Array> {
  withSavingPolicy(policy, () => graphScope(() => scope(() => backward(loss()))));
  return Object.fromEntries(
    Object.entries(parameters).map(([name, parameter]) => {
      const values = Float32Array.from(parameter.gradient!.read());
      parameter.release();
      return [name, values];
    }),
  );
}

function expectClose(actual: Float32Array, expected: Float32Array, tolerance: number, name: string): void {
  const largest = Math.max(...expected.map(Math.abs));
  const error = Math.max(...expected.map((value, index) => Math.abs(value - actual[index]!)));
  expect(error / (largest || 1), name).toBeLessThan(tolerance);
}
