import { consume } from '../kernels/dispatch.js';
import { matMul } from '../kernels/linearAlgebra.js';
import { reshape } from '../kernels/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/** Matrix products of attention heads, where several heads of queries may share one of keys; nothing is recorded here. */

/** queries [batch, heads, rows, d] · keysᵀ [batch, n, keys, d] → [batch, heads, rows, keys]; n divides heads. */
export function compareHeads(queries: Tensor, keyHeads: Tensor): Tensor {
  const [batch, heads, rows] = queries.shape as [number, number, number, number];
  const products = matMul(consume(grouped(queries, keyHeads.shape[1]!)), keyHeads, { transposeB: true });
  return reshape(consume(products), [batch, heads, rows, keyHeads.shape[2]!]);
}

/** weights [batch, heads, rows, keys] · values [batch, n, keys, d] → [batch, heads, rows, d] */
export function mixHeads(weights: Tensor, valueHeads: Tensor): Tensor {
  const [batch, heads, rows] = weights.shape as [number, number, number, number];
  const mixed = matMul(consume(grouped(weights, valueHeads.shape[1]!)), valueHeads);
  return reshape(consume(mixed), [batch, heads, rows, valueHeads.shape[3]!]);
}

/** weightsᵀ · rows: [batch, heads, rows, keys], [batch, heads, rows, d] → [batch, count, keys, d], summed over groups. */
export function transposedMixHeads(weights: Tensor, rows: Tensor, count: number): Tensor {
  return matMul(consume(grouped(weights, count)), consume(grouped(rows, count)), { transposeA: true });
}

/** The rows of all heads that share a key head, one after another: a view [batch, count, heads / count · rows, ...]. */
function grouped(x: Tensor, count: number): Tensor {
  const [batch, heads, rows, last] = x.shape as [number, number, number, number];
  return reshape(x, [batch, count, (heads / count) * rows, last]);
}
