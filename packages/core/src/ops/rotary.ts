import { differentiable } from '../autograd/differentiable.js';
import { consume } from '../kernels/dispatch.js';
import { add, cast, cosine, multiply, negate, sine, subtract } from '../kernels/elementwise.js';
import { concatenate, reshape, slice } from '../kernels/shape.js';
import { withCategory } from '../tensor/runtime.js';
import { scope } from '../tensor/scope.js';
import { withSelection, type TokenSelection } from '../tensor/selection.js';
import { tensorFrom, type Tensor } from '../tensor/tensor.js';

/** Cosines and sines of the angles of every position: [1 or batch, length, d / 2]; part of the batch. */
export interface RotaryTable {
  readonly cosine: Tensor;
  readonly sine: Tensor;
}

/**
 * Angles position · inverseFrequency[i], in float32 as Hugging Face computes them.
 * @param positions int32 [1 or batch, length]; of every row where there is a selection
 * @param inverseFrequencies d / 2 of them
 */
export function rotaryTable(
  positions: Tensor,
  inverseFrequencies: Float32Array,
  selection?: TokenSelection,
): RotaryTable {
  return withCategory('batch', () =>
    scope(() => {
      const [rows, length] = positions.shape as [number, number];
      const frequencies = tensorFrom(inverseFrequencies, [1, 1, inverseFrequencies.length]);
      const angles = multiply(reshape(cast(positions, 'float32'), [rows, length, 1]), frequencies); // [rows, length, d / 2]
      const selected = (table: Tensor): Tensor => {
        // Gathered here, where it counts as part of the batch.
        if (selection !== undefined) table.gatheredRows = selection.gatherRows(table).retain();
        return withSelection(table, selection);
      };
      return { cosine: selected(cosine(angles)), sine: selected(sine(angles)) };
    }),
  );
}

/** The angles of heads that are `divisor` times narrower: every `divisor`-th frequency, which are theirs. */
export function narrowerRotary({ cosine: cosines, sine: sines }: RotaryTable, divisor: number): RotaryTable {
  return withCategory('batch', () =>
    scope(() => {
      const everyNth = (table: Tensor): Tensor => {
        const [rows, length, half] = table.shape as [number, number, number];
        const groups = reshape(table, [rows, length, half / divisor, divisor]);
        const first = slice(groups, [0, 0, 0, 0], [rows, length, half / divisor, 1]);
        const narrower = reshape(first, [rows, length, half / divisor]);
        const { selection } = table;
        if (selection !== undefined) narrower.gatheredRows = selection.gatherRows(narrower).retain();
        return withSelection(narrower, selection);
      };
      return { cosine: everyNth(cosines), sine: everyNth(sines) };
    }),
  );
}

/**
 * Rotates the pairs (i, i + d/2) of every head by the angle of its position: RoPE (Su et al. 2021, section 3.4.2) in
 * Hugging Face's half-split layout. Saves: the table, which is part of the batch.
 * @param x [batch, length, heads · d]
 * @returns the same shape
 */
export function rotary(x: Tensor, heads: number, table: RotaryTable): Tensor {
  return differentiable('rotary', { x }, (context) => {
    const output = rotate(x, heads, table, false);
    const saved = context.recording
      ? { cosine: context.save(table.cosine), sine: context.save(table.sine) }
      : undefined;
    return {
      output,
      backward: (gradOutput) => ({
        x: rotate(gradOutput, heads, { cosine: saved!.cosine.get(), sine: saved!.sine.get() }, true),
      }),
    };
  });
}

/** By the angle, or back with `inverse`: [batch, rows, heads · d]. */
function rotate(x: Tensor, heads: number, table: RotaryTable, inverse: boolean): Tensor {
  const [batch, rows, width] = x.shape as [number, number, number];
  const half = width / heads / 2;
  const perHead = (angles: Tensor) => reshape(angles, [angles.shape[0]!, rows, 1, half]);
  const cosines = perHead(table.cosine);
  const sines = inverse ? negate(consume(perHead(table.sine))) : perHead(table.sine);
  const pairs = reshape(x, [batch, rows, heads, 2 * half]);
  const part = (begin: number) => slice(pairs, [0, 0, 0, begin], [batch, rows, heads, half]);
  const [first, second] = [part(0), part(half)]; // [batch, rows, heads, d / 2]
  const rotatedFirst = subtract(consume(multiply(first, cosines)), consume(multiply(second, sines)), x.storageDtype);
  const rotatedSecond = add(
    consume(multiply(consume(second), cosines)),
    consume(multiply(consume(first), sines)),
    x.storageDtype,
  );
  const joined = concatenate([consume(rotatedFirst), consume(rotatedSecond)], 3);
  return reshape(consume(joined), [batch, rows, width]);
}
