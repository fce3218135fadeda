import { differentiable } from '../autograd/differentiable.js';
import { consume } from '../kernels/dispatch.js';
import { sum } from '../kernels/reduce.js';
import { concatenate, fill, padZeros, reshape, slice, tile } from '../kernels/shape.js';
import { castStorage } from '../kernels/storage.js';
import { withCategory } from '../tensor/runtime.js';
import { scope } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import type { AttentionMask } from './mask.js';

/**
 * Puts the same rows before every text: keys and values of a prefix. Saves nothing. A selection of x goes on behind the
 * prefix, whose rows all get gradients.
 * @param prefix [count, features]
 * @param x [batch, length, features]
 * @returns [batch, count + length, features]
 */
export function prependTokens(prefix: Tensor, x: Tensor): Tensor {
  const [count, features] = prefix.shape as [number, number];
  const batch = x.shape[0]!;
  return differentiable('prependTokens', { prefix, x }, (context) => ({
    output: concatenate([consume(repeated(prefix, batch, x)), x], 1),
    selection: x.selection?.behind(count),
    backward: (gradOutput) => ({
      prefix: context.needs('prefix') ? ofRepeated(gradOutput, prefix) : undefined,
      x: context.needs('x')
        ? slice(gradOutput, [0, count, 0], [batch, gradOutput.shape[1]! - count, features])
        : undefined,
    }),
  }));
}

/**
 * x with the same rows in the place of the first tokens of every text: virtual tokens. Saves nothing. A selection of x
 * must begin with these tokens.
 * @param rows [count, features]
 * @param x [batch, length, features]
 */
export function replaceFirstTokens(rows: Tensor, x: Tensor): Tensor {
  const [count, features] = rows.shape as [number, number];
  const [batch, length] = x.shape as [number, number];
  const after = (tensor: Tensor) => slice(tensor, [0, count, 0], [batch, tensor.shape[1]! - count, features]);
  return differentiable('replaceFirstTokens', { rows, x }, (context) => ({
    output:
      length === count
        ? repeated(rows, batch, x)
        : concatenate([consume(repeated(rows, batch, x)), consume(after(x))], 1),
    backward: (gradOutput) => ({
      rows: context.needs('rows') ? ofRepeated(gradOutput, rows) : undefined,
      x: context.needs('x')
        ? padZeros(consume(after(gradOutput)), [
            [0, 0],
            [count, 0],
            [0, 0],
          ])
        : undefined,
    }),
  }));
}

/** The mask of keys with `count` more before them that every query sees. */
export function withVisiblePrefix({ keys, causal }: AttentionMask, count: number): AttentionMask {
  const before = (tensor: Tensor, value: number) =>
    concatenate([consume(fill([tensor.shape[0]!, 1, 1, count], value)), tensor], 3);
  return withCategory('batch', () =>
    scope(() => ({
      keys: keys && before(keys, 0),
      // Before every position.
      causal: causal && { ...causal, keys: before(causal.keys, -1) },
    })),
  );
}

/** [count, features] → [batch, count, features], held as x is. */
function repeated(rows: Tensor, batch: number, x: Tensor): Tensor {
  const held = castStorage(rows, x.storageDtype);
  return tile(consume(reshape(held, [1, ...rows.shape])), [batch, 1, 1]);
}

/** Gradient of `rows` [count, features] from that of what begins with them in every text. */
function ofRepeated(gradOutput: Tensor, rows: Tensor): Tensor {
  const [count, features] = rows.shape as [number, number];
  const first = slice(gradOutput, [0, 0, 0], [gradOutput.shape[0]!, count, features]);
  return castStorage(sum(consume(first), [0]), rows.storageDtype);
}
