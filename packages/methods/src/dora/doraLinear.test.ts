import {
  Parameter,
  RandomParameterSource,
  RandomStream,
  graphScope,
  memoryMeter,
  scope,
  backward,
  reshape,
  linear,
  Linear,
  tensorFrom,
  type Tensor,
} from '@leantune/core';
import { expect, it } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import { DoraLinear } from './doraLinear.js';

const [ROWS, IN, OUT, RANK] = [5, 6, 4, 3] as const;
const alpha = 6;
const scaling = alpha / RANK;

function normal(name: string, size: number): Float32Array {
  const stream = new RandomStream(4, name);
  return Float32Array.from({ length: size }, () => stream.normal());
}

type Values = Readonly<Record<'x' | 'weight' | 'bias' | 'A' | 'B' | 'm', Float64Array>>;

/** Liu et al. 2024, equation 5, in float64: Σ over outputs of c · (m ∘ (W + s B A) x / norm + b); `norm` of the point given. */
function reference(values: Values, point: Values, c: Float32Array): number {
  const direction = ({ weight, A, B }: Values, out: number, input: number) => {
    let change = 0;
    for (let r = 0; r < RANK; r++) change += B[out * RANK + r]! * A[r * IN + input]!;
    return weight[out * IN + input]! + scaling * change;
  };
  let total = 0;
  for (let row = 0; row < ROWS; row++) {
    for (let out = 0; out < OUT; out++) {
      let product = 0;
      let square = 0;
      for (let input = 0; input < IN; input++) {
        product += direction(values, out, input) * values.x[row * IN + input]!;
        square += direction(point, out, input) ** 2; // constant: of the point where the gradient is taken
      }
      total += c[row * OUT + out]! * ((values.m[out]! * product) / Math.sqrt(square) + values.bias[out]!);
    }
  }
  return total;
}

await describeOnBackends('DoRA', () => {
  it.each(['out-in', 'in-out'] as const)(
    'has the value and the gradients of equation 5 with a constant norm; weight %s',
    (layout) => {
      const base = new Linear(IN, OUT, new RandomParameterSource(1, 0.5), { layout });
      scope(() => base.bias!.assign(tensorFrom(normal('bias', OUT), [OUT])));
      for (const parameter of base.parameters()) parameter.requiresGrad = false;
      const options = { rank: RANK, alpha, dropout: 0, rankStabilized: false };
      const dora = new DoraLinear(base, options, new RandomParameterSource(2, 0.3));
      const named = new Map(dora.namedParameters());
      const set = (name: string, values: Float32Array) =>
        scope(() => named.get(name)!.assign(tensorFrom(values, named.get(name)!.shape)));
      set('lora_A.weight', normal('A', RANK * IN));
      set('lora_B.weight', normal('B', OUT * RANK));
      set('lora_magnitude_vector.weight', normal('m', OUT));
      const x = Parameter.from(normal('x', ROWS * IN), [ROWS, IN]);
      const c = normal('c', ROWS * OUT);
      const held = (tensor: Tensor) => Float64Array.from(tensor.read());
      const point: Values = {
        x: held(x),
        weight: scope(() => held(base.weightOutFirst())),
        bias: held(base.bias!),
        A: held(named.get('lora_A.weight')!),
        B: held(named.get('lora_B.weight')!),
        m: held(named.get('lora_magnitude_vector.weight')!),
      };
      const leaves = {
        x,
        A: named.get('lora_A.weight')!,
        B: named.get('lora_B.weight')!,
        m: named.get('lora_magnitude_vector.weight')!,
      };
      graphScope(() =>
        scope(() => {
          const before = memoryMeter().liveSavedBytes;
          const y = dora.call(x);
          // The product for the magnitudes, A x for B, and the norms; x is a parameter here, which does not count.
          expect(memoryMeter().liveSavedBytes - before).toBe(4 * (ROWS * OUT + ROWS * RANK + OUT));
          const weights = tensorFrom(c, [1, ROWS * OUT]);
          const value = linear(reshape(y, [1, ROWS * OUT]), weights); // [1, 1]
          expect(value.item()).toBeCloseTo(reference(point, point, c), 3);
          backward(value);
        }),
      );
      for (const [name, leaf] of Object.entries(leaves) as [keyof typeof leaves, Parameter][]) {
        const analytic = leaf.gradient!.read();
        for (let index = 0; index < leaf.size; index++) {
          const at = (offset: number) => {
            const moved = Float64Array.from(point[name]);
            moved[index]! += offset;
            return reference({ ...point, [name]: moved }, point, c);
          };
          const numeric = (at(1e-4) - at(-1e-4)) / 2e-4;
          expect(Math.abs(analytic[index]! - numeric), `${name}[${index}]`).toBeLessThan(1e-4);
        }
        leaf.gradient!.release();
        leaf.gradient = undefined;
      }
      dora.release();
      x.release();
    },
  );
});
