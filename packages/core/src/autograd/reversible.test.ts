import { expect, it } from 'vitest';
import { gelu } from '../ops/activation.js';
import { add } from '../ops/arithmetic.js';
import { dropout } from '../ops/dropout.js';
import { embedding } from '../ops/embedding.js';
import { linear } from '../ops/linear.js';
import { meanSquaredError } from '../ops/loss.js';
import { reshape } from '../ops/reshape.js';
import { selectedRows } from '../ops/tokens.js';
import { withStepContext } from '../modules/context.js';
import { RandomStream, streamKey } from '../random/stream.js';
import { Parameter } from '../tensor/parameter.js';
import { memoryMeter, withCategory } from '../tensor/runtime.js';
import { scope } from '../tensor/scope.js';
import { TokenSelection, withSelection } from '../tensor/selection.js';
import { tensorFrom, type Tensor } from '../tensor/tensor.js';
import { describeOnBackends } from '../testing/backends.js';
import { gradientOf } from '../testing/probes.js';
import { backward } from './backward.js';
import { FixedPointOverflowError, rightShiftOf } from './fixedPointStreams.js';
import { graphScope } from './node.js';
import { withSavingPolicy, type SavingPolicy } from './policy.js';
import { coupledLayer, reversible, type Coupling, type ReversibleLayer, type StreamPair } from './reversible.js';
import { withReversibleObserver } from './reversibleObserver.js';

const [batch, length, hidden, inner] = [2, 4, 8, 12];
const hiddenBytes = 4 * batch * length * hidden;

const random = (name: string, shape: readonly number[], deviation: number): Parameter => {
  const stream = new RandomStream(2, name);
  const size = shape.reduce((product, value) => product * value, 1);
  return Parameter.from(
    Float32Array.from({ length: size }, () => stream.normal() * deviation),
    shape,
  );
};

type Mode = 'vanilla' | 'reversible' | 'exact';

interface RunOptions extends Partial<Coupling> {
  readonly mode: Mode;
  readonly layers: number;
  readonly policy?: SavingPolicy;
  readonly trainsX?: boolean;
  readonly selection?: boolean;
  /** Whether every F also reads a value that all layers share, which is trained. */
  readonly shares?: boolean;
  /** Standard deviation of the embedded input. */
  readonly size?: number;
}

/** dropout(W₂ gelu(W₁ x)) for F and G of every layer. */
function run(options: RunOptions) {
  const { mode, layers, policy = 'lean', trainsX = true, selection = false, shares = false, size = 1 } = options;
  const { lambda = 0.5, beta = 0.5, switches = true } = options;
  const x = random('x', [batch * length, hidden], size);
  const common = random('common', [batch * length, hidden], 1);
  const weights = Array.from({ length: 2 * layers }, (_, index) => ({
    up: random(`up${index}`, [inner, hidden], 0.35),
    down: random(`down${index}`, [hidden, inner], 0.35),
  }));
  x.requiresGrad = trainsX;
  const trained = weights.flatMap(({ up, down }) => [up, down]);
  const all = [x, common, ...trained];
  const chosen = selection
    ? new TokenSelection(batch, length, 2, Int32Array.of(0, 3, 1, 2), new Int32Array(4).fill(1))
    : undefined;
  const block = (index: number, read: Tensor) =>
    dropout(linear(gelu(linear(read, weights[index]!.up)), weights[index]!.down), {
      rate: 0.1,
      key: streamKey(4, 'dropout', index),
    });
  const stack = Array.from({ length: layers }, (_, index): ReversibleLayer => ({
    f: (read, [shared]) => scope(() => block(2 * index, shared === undefined ? read : add(read, shared))),
    g: (read) => scope(() => block(2 * index + 1, read)),
  }));
  const seen: { readonly forward: number[][][]; readonly reconstructed: number[][][] } = {
    forward: [],
    reconstructed: [],
  };
  const values = ({ first, second }: StreamPair) => [[...first.read()], [...second.read()]];
  const observer = {
    forward: (layer: number, pair: StreamPair) => (seen.forward[layer] = values(pair)),
    reconstructed: (layer: number, pair: StreamPair) => (seen.reconstructed[layer] = values(pair)),
  };
  const step = () =>
    graphScope(() =>
      scope(() => {
        const ids = withCategory('batch', () =>
          tensorFrom([...Array(batch * length).keys()], [batch, length], 'int32'),
        );
        const look = (table: Parameter) => embedding(withSelection(ids, chosen), table); // [batch, length, hidden]
        const start = look(x);
        const shared = shares ? [look(common)] : [];
        const coupling = { lambda, beta, switches };
        let pair: StreamPair = { first: start, second: start };
        if (mode === 'vanilla') for (const layer of stack) pair = coupledLayer(layer, pair, coupling, shared);
        else pair = reversible(stack, pair, { ...coupling, exact: mode === 'exact', trains: trained, shared });
        const rows = selectedRows(add(pair.first, pair.second));
        const target = tensorFrom(new Float32Array(rows.size).fill(0.1), [rows.size]);
        const loss = meanSquaredError(reshape(rows, [rows.size]), target);
        memoryMeter().resetPeak();
        const savedForward = memoryMeter().liveSavedBytes;
        backward(loss);
        return { loss: loss.item(), savedForward, savedBytes: memoryMeter().snapshot().savedBytes };
      }),
    );
  try {
    const measured = withSavingPolicy(policy, step);
    const gradients = all.map(gradientOf);
    for (const parameter of all) {
      parameter.gradient?.release();
      parameter.gradient = undefined;
    }
    withSavingPolicy(policy, () => withReversibleObserver(observer, step));
    return { ...measured, gradients, seen };
  } finally {
    chosen?.release();
    for (const parameter of all) parameter.release();
  }
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (u: readonly number[], v: readonly number[]) =>
    u.reduce((sum, value, index) => sum + value * v[index]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

await describeOnBackends('reversible regions', () => {
  it.each<RunOptions>([
    { mode: 'reversible', layers: 4 },
    { mode: 'reversible', layers: 4, policy: 'pytorch' },
    { mode: 'reversible', layers: 3, lambda: 0.5, beta: 1, trainsX: false },
    { mode: 'reversible', layers: 3, lambda: 1, beta: 0.5, switches: false },
    { mode: 'reversible', layers: 3, selection: true },
    { mode: 'reversible', layers: 3, shares: true },
    { mode: 'exact', layers: 4 },
    { mode: 'exact', layers: 3, lambda: 0.125, beta: 1, trainsX: false, policy: 'pytorch' },
    { mode: 'exact', layers: 3, selection: true, shares: true, switches: false },
  ])('have the ordinary gradient: $mode, $layers layers, %j', (options) => {
    const found = run(options);
    const expected = run({ ...options, mode: 'vanilla' });
    expect(Math.abs(found.loss / expected.loss - 1)).toBeLessThan(1e-5);
    for (const [index, gradient] of expected.gradients.entries()) {
      expect(found.gradients[index] === undefined, String(index)).toBe(gradient === undefined);
      if (gradient === undefined) continue;
      expect(cosine(found.gradients[index]!, gradient), String(index)).toBeGreaterThan(0.99999);
      const ratio = Math.hypot(...found.gradients[index]!) / Math.hypot(...gradient);
      expect(Math.abs(ratio - 1)).toBeLessThan(1e-4);
    }
  });

  it.each([
    [12, 0.125, 1, true],
    [12, 1, 0.125, true],
    [24, 0.125, 0.125, false],
  ])(
    'with exact arithmetic recover the input of %i layers bit for bit, λ %d, β %d',
    (layers, lambda, beta, switches) => {
      const { seen } = run({ mode: 'exact', layers, lambda, beta, switches });
      expect(seen.forward).toHaveLength(layers);
      expect(seen.reconstructed).toEqual(seen.forward);
    },
  );

  it('keep two streams whatever the depth, and the dropped bits with exact arithmetic', () => {
    const last = 2 * hiddenBytes;
    const lossBytes = (savedForward: number) => savedForward - run({ mode: 'reversible', layers: 1 }).savedForward;
    for (const layers of [2, 5]) {
      expect(lossBytes(run({ mode: 'reversible', layers }).savedForward)).toBe(0);
      const bits = (lambda: number, beta: number) =>
        8 * lossBytes(run({ mode: 'exact', layers, lambda, beta }).savedForward);
      const elements = batch * length * hidden;
      expect(bits(1, 1)).toBe(0);
      expect(bits(0.125, 1)).toBe(3 * elements * layers);
      expect(bits(0.125, 0.125)).toBe(6 * elements * layers);
    }
    expect(run({ mode: 'reversible', layers: 1 }).savedForward).toBeGreaterThan(last);
    expect(run({ mode: 'reversible', layers: 1 }).savedForward).toBeLessThan(last + 2 * hiddenBytes);
  });

  it('have a saved peak that does not grow with depth', () => {
    const peak = (layers: number) => run({ mode: 'reversible', layers }).savedBytes;
    expect(peak(6)).toBe(peak(3));
  });

  it('say when a stream leaves the range of fixed-point numbers, after the step', () => {
    const exact = (size: number) =>
      withStepContext({ training: true, seed: 0, microStep: 0 }, () => run({ mode: 'exact', layers: 2, size }));
    expect(() => exact(100)).not.toThrow();
    expect(() => exact(2000)).toThrow(FixedPointOverflowError);
    expect(() => exact(NaN)).toThrow('gradient=exact: a layer computed NaN');
  });
});

it('a right shift is one by a power of two', () => {
  expect([1, 0.5, 0.125, 2 ** -15].map(rightShiftOf)).toEqual([0, 1, 3, 15]);
  expect([0.1, 2, 0, -0.5, 2 ** -16, NaN].map(rightShiftOf)).toEqual(Array(6).fill(undefined));
});
