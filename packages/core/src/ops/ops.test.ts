import { expect, it } from 'vitest';
import { backward } from '../autograd/backward.js';
import { gradCheck } from '../autograd/gradCheck.js';
import { graphScope } from '../autograd/node.js';
import { withSavingPolicy, type SavingPolicy } from '../autograd/policy.js';
import { RandomStream } from '../random/stream.js';
import { Parameter } from '../tensor/parameter.js';
import { scope } from '../tensor/scope.js';
import { TokenSelection, withSelection } from '../tensor/selection.js';
import { tensorFrom, type Tensor } from '../tensor/tensor.js';
import { describeOnBackends } from '../testing/backends.js';
import { gelu, geluTanh, relu, silu, tanh } from './activation.js';
import { add, multiply, scale } from './arithmetic.js';
import { attention } from './attention.js';
import { dropout } from './dropout.js';
import { embedding } from './embedding.js';
import { layerNorm } from './layerNorm.js';
import { linear } from './linear.js';
import { additiveMask, causalOrder } from './mask.js';
import { reshape } from './reshape.js';
import { crossEntropy, meanSquaredError } from './loss.js';
import { rmsNorm } from './rmsNorm.js';
import { rotary, rotaryTable } from './rotary.js';
import { concatenateTokens, selectedRows, sliceFeatures, tokenAt, tokensAt, weightedTokenSum } from './tokens.js';

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
  [
    'linear with a weight that lies [in, out]',
    () => ({ x: random('x', [B, T, H]), weight: random('w', [H, 6], 0.4), bias: random('b', [6]) }),
    ({ x, weight, bias }) => linear(x!, weight!, bias, 'in-out'),
  ],
  ['multiply', () => ({ a: random('a', [B, T, H]), b: random('b', [B, T, H]) }), ({ a, b }) => multiply(a!, b!)],
  ['multiply of one value twice', () => ({ a: random('a', [B, T, H]) }), ({ a }) => multiply(a!, a!)],
  [
    'gated product into linear',
    () => ({ gate: random('gate', [B, T, H]), up: random('up', [B, T, H]), weight: random('w', [4, H], 0.4) }),
    ({ gate, up, weight }) => linear(multiply(silu(gate!), up!), weight!),
  ],
  [
    'rmsNorm',
    () => ({ x: random('x', [B, T, H]), weight: random('w', [H]) }),
    ({ x, weight }) => rmsNorm(x!, weight!, 1e-5),
  ],
  [
    'rmsNorm into linear',
    () => ({ x: random('x', [B, T, H]), weight: random('w', [H]), w2: random('w2', [3, H], 0.4) }),
    ({ x, weight, w2 }) => linear(rmsNorm(x!, weight!, 1e-5), w2!),
  ],
  ['rotary', () => ({ x: random('x', [B, T, H]) }), ({ x }) => rotary(x!, 2, rotations(positionsOf(1)))],
  ['sliceFeatures', () => ({ x: random('x', [B, T, H]) }), ({ x }) => sliceFeatures(x!, 3, 4)],
  [
    'concatenateTokens',
    () => ({ a: random('a', [B, 2, H]), b: random('b', [B, T, H]) }),
    ({ a, b }) => concatenateTokens([a!, b!, a!]),
  ],
  ['tokensAt', () => ({ x: random('x', [B, T, H]) }), ({ x }) => tokensAt(x!, tensorFrom([3, T + 1], [B], 'int32'))],
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
    'attention of fewer queries than keys, causal by given positions',
    () => ({ q: random('q', [B, 3, H]), k: random('k', [B, T, H]), v: random('v', [B, T, H]) }),
    ({ q, k, v }) =>
      attention(q!, k!, v!, {
        heads: 2,
        mask: {
          causal: {
            queries: tensorFrom([0, 2, 4, 1, 3, 4], [B, 1, 3, 1]),
            keys: tensorFrom([0, 1, 2, 3, 4, 4, 3, 2, 1, 0], [B, 1, 1, T]),
          },
        },
      }),
  ],
  [
    'grouped-query causal attention with padding and dropout',
    () => ({ q: random('q', [B, T, 2 * H]), k: random('k', [B, T, H]), v: random('v', [B, T, H]) }),
    ({ q, k, v }) =>
      attention(q!, k!, v!, {
        heads: 4,
        keyValueHeads: 2,
        mask: {
          keys: additiveMask(tensorFrom([1, 1, 1, 1, 0, 1, 0, 1, 1, 1], [B, T], 'int32')),
          causal: causalOrder(T),
        },
        dropout: { rate: 0.25, key: [3, 4] },
      }),
  ],
  [
    'attention with mask and dropout',
    () => ({ q: random('q', [B, T, H]), k: random('k', [B, T, H]), v: random('v', [B, T, H]) }),
    ({ q, k, v }) =>
      attention(q!, k!, v!, {
        heads: 2,
        mask: { keys: tensorFrom([0, 0, 0, -1e9, -1e9, 0, 0, 0, 0, 0], [B, 1, 1, T]) },
        dropout: { rate: 0.25, key: [3, 4] },
      }),
  ],
];

const positionsOf = (rows: number) =>
  tensorFrom(
    Array.from({ length: rows * T }, (_, index) => index % T),
    [rows, T],
    'int32',
  );

/** Angles for 2 heads of H / 2 features. */
function rotations(positions: Tensor, selection?: TokenSelection) {
  return rotaryTable(positions, Float32Array.of(1, 0.1), selection);
}

/** The same for the ops of decoders. */
function decoderProgram(p: Record<string, Parameter>, selection: TokenSelection | undefined): Tensor {
  const ids = tensorFrom([1, 2, 2, 4, 6, 3, 3, 3, 1, 5], [B, T], 'int32');
  const x = rmsNorm(embedding(withSelection(ids, selection), p.embedding!), p.gain!, 1e-5);
  const table = rotations(positionsOf(B), selection);
  const fused = linear(x, p.qkv!, undefined, 'in-out'); // [B, T, 2H]
  const mixed = attention(
    rotary(sliceFeatures(fused, 0, H), 2, table),
    rotary(sliceFeatures(fused, H, H / 2), 1, table),
    sliceFeatures(fused, H + H / 2, H / 2),
    {
      heads: 2,
      keyValueHeads: 1,
      mask: {
        keys: additiveMask(tensorFrom([1, 1, 1, 1, 1, 1, 1, 1, 1, 0], [B, T], 'int32')),
        causal: causalOrder(T, undefined, selection),
      },
    },
  );
  const residual = add(x, linear(mixed, p.wo!));
  return selectedRows(linear(multiply(silu(linear(residual, p.gate!)), linear(residual, p.up!)), p.down!));
}

/** A token-wise program of every op that carries a selection; x is a leaf that carries none. */
function selectionProgram(p: Record<string, Parameter>, selection: TokenSelection | undefined): Tensor {
  const ids = tensorFrom([1, 2, 2, 4, 6, 3, 3, 3, 1, 5], [B, T], 'int32');
  const x = layerNorm(embedding(withSelection(ids, selection), p.embedding!), p.gain!, p.shift!, 1e-5);
  const q = linear(x, p.wq!);
  const k = linear(x, p.wk!);
  const v = linear(x, p.wv!);
  const mixed = attention(q, k, v, { heads: 2, dropout: { rate: 0.25, key: [3, 4] } });
  const residual = add(x, dropout(linear(mixed, p.wo!), { rate: 0.2, key: [7, 7] }));
  return selectedRows(linear(gelu(linear(residual, p.up!)), p.down!));
}

const makers: Readonly<Record<string, () => Parameter>> = {
  embedding: () => random('e', [7, H]),
  gain: () => random('gain', [H]),
  shift: () => random('shift', [H]),
  wq: () => random('wq', [H, H], 0.5),
  wk: () => random('wk', [H, H], 0.5),
  wv: () => random('wv', [H, H], 0.5),
  wo: () => random('wo', [H, H], 0.5),
  qkv: () => random('qkv', [H, 2 * H], 0.5),
  gate: () => random('gate', [12, H], 0.5),
  up: () => random('up', [12, H], 0.5),
  down: () => random('down', [H, 12], 0.5),
};

const programs = [
  {
    name: 'encoder ops',
    program: selectionProgram,
    uses: ['embedding', 'gain', 'shift', 'wq', 'wk', 'wv', 'wo', 'up', 'down'],
  },
  { name: 'decoder ops', program: decoderProgram, uses: ['embedding', 'gain', 'qkv', 'wo', 'gate', 'up', 'down'] },
];

const selectionParameters = (uses: readonly string[]): Record<string, Parameter> =>
  Object.fromEntries(uses.map((name) => [name, makers[name]!()]));

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

    it.each(programs)(`$name: token selection of every token equals no selection (${policy})`, ({ program, uses }) => {
      const gradientsOf = (selection: TokenSelection | undefined) => {
        const p = selectionParameters(uses);
        const values = collectGradients(policy, p, () => toScalar(program(p, selection)));
        selection?.release();
        return values;
      };
      const plain = gradientsOf(undefined);
      const positions = Int32Array.from([0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
      const all = gradientsOf(new TokenSelection(B, T, T, positions, new Int32Array(B * T).fill(1)));
      for (const [name, gradient] of Object.entries(plain)) expectClose(all[name]!, gradient, 1e-5, name);
    });

    it.each(programs)(`$name: padded slots change nothing (${policy})`, ({ program, uses }) => {
      const gradientsOf = (tokens: number, positions: number[], mask: number[]) => {
        const p = selectionParameters(uses);
        const selection = new TokenSelection(B, T, tokens, Int32Array.from(positions), Int32Array.from(mask));
        const weights = Float32Array.from(mask, (value) => value / 2);
        const values = collectGradients(policy, p, () =>
          toScalar(weightedTokenSum(program(p, selection), tensorFrom(weights, [B, 1, tokens]))),
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
