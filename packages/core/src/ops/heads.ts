import { consume } from '../kernels/dispatch.js';
import { sum } from '../kernels/reduce.js';
import { gather, reshape, tile, transpose } from '../kernels/shape.js';
import type { TokenSelection } from '../tensor/selection.js';
import type { Tensor } from '../tensor/tensor.js';

/** Layouts of attention heads; kernels only, nothing is recorded here. */

/** [batch, length, heads · d] → [batch, heads, length, d] */
export function splitHeads(x: Tensor, heads: number): Tensor {
  const [batch, length, width] = x.shape as [number, number, number];
  return transpose(consume(reshape(x, [batch, length, heads, width / heads])), [0, 2, 1, 3]);
}

/** [batch, heads, length, d] → [batch, length, heads · d] */
export function mergeHeads(x: Tensor): Tensor {
  const [batch, heads, length, headSize] = x.shape as [number, number, number, number];
  return reshape(consume(transpose(x, [0, 2, 1, 3])), [batch, length, heads * headSize]);
}

/** [batch, n, length, d] → [batch, heads, length, d]: each head heads / n times in a row (`repeat_kv`). */
export function repeatHeads(x: Tensor, heads: number): Tensor {
  const [batch, count, length, headSize] = x.shape as [number, number, number, number];
  const single = reshape(x, [batch * count, 1, length * headSize]);
  const repeated = tile(consume(single), [1, heads / count, 1]);
  return reshape(consume(repeated), [batch, heads, length, headSize]);
}

/** The gradient of `repeatHeads`: [batch, heads, length, d] → [batch, n, length, d]. */
export function sumRepeatedHeads(x: Tensor, count: number): Tensor {
  const [batch, heads, length, headSize] = x.shape as [number, number, number, number];
  const grouped = reshape(x, [batch * count, heads / count, length * headSize]);
  return reshape(consume(sum(consume(grouped), [1])), [batch, count, length, headSize]);
}

/** [batch, heads, length, n] → [batch, heads, tokens, n]: the rows of the selected tokens. */
export function rowsOfHeads(x: Tensor, selection: TokenSelection | undefined): Tensor {
  if (selection === undefined) return x;
  const [batch, heads, length, columns] = x.shape as [number, number, number, number];
  const flat = consume(reshape(x, [batch * heads * length, columns]));
  return reshape(consume(gather(flat, selection.headRows(heads))), [batch, heads, selection.tokens, columns]);
}
