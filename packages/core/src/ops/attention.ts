import { differentiable } from '../autograd/differentiable.js';
import { savingPolicy } from '../autograd/policy.js';
import type { SavedValue } from '../autograd/saved.js';
import { consume } from '../kernels/dispatch.js';
import { add, multiply, subtract } from '../kernels/elementwise.js';
import { matMul } from '../kernels/linearAlgebra.js';
import { softmax, sum } from '../kernels/reduce.js';
import { gather, reshape, transpose } from '../kernels/shape.js';
import type { TokenSelection } from '../tensor/selection.js';
import type { Tensor } from '../tensor/tensor.js';
import { applyKeepMask, keepMask, type DropoutStream } from './dropout.js';

export interface AttentionOptions {
  readonly heads: number;
  /** Added to the scores before the softmax: [batch, 1, 1, length], a large negative number where hidden. */
  readonly mask?: Tensor | undefined;
  /** Dropout of the attention probabilities. */
  readonly dropout?: DropoutStream | undefined;
}

/**
 * softmax(Q Kᵀ / √d + mask) V for every head (Vaswani et al. 2017, section 3.2).
 *
 * Saves under `pytorch` what the eager formula keeps: q, k, v, the probabilities, and with dropout its mask and the
 * dropped probabilities; under `lean`: q, k and v, the probabilities are computed again.
 * With a token selection (Simoulin et al. 2024, equations 6 to 11) the forward pass runs over all queries once; only the selected queries
 * and their probabilities are kept, with all keys and values; only selected keys and values get gradients.
 * @param query [batch, length, heads · d]
 * @param key [batch, length, heads · d]
 * @param value [batch, length, heads · d]
 * @returns [batch, length, heads · d]
 */
export function attention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor {
  const { heads, mask, dropout } = options;
  return differentiable('attention', { query, key, value }, (context) => {
    const headSize = query.shape[2]! / heads;
    const scaling = 1 / Math.sqrt(headSize);
    const selection = query.selection ?? key.selection ?? value.selection;

    const probabilities = attentionProbabilities(query, key); // [batch, heads, length, length]
    const keep = dropout && dropout.rate > 0 ? keepMask(probabilities.shape, dropout) : undefined;
    const dropped = keep === undefined ? probabilities : applyKeepMask(probabilities, keep, dropout!.rate);
    const output = mergeHeads(consume(matMul(dropped, consume(splitHeads(value, heads)))));

    const needsScores = context.needs('query') || context.needs('key');
    const restore = context.recording ? save() : undefined;
    return {
      output,
      backward: (gradOutput) => {
        const kept = restore!();
        const grad = splitHeads(gradOutput, heads); // [batch, heads, rows, d]
        const gradients: Record<string, Tensor | undefined> = {};
        if (context.needs('value')) gradients.value = ofKeys(matMul(kept.dropped(), grad, { transposeA: true }));
        if (!needsScores) return gradients;

        // [batch, heads, rows, length] from here on
        const gradDropped = matMul(grad, consume(splitHeads(kept.value(), heads)), { transposeB: true });
        const keepRows = kept.keep();
        const gradProbabilities =
          keepRows === undefined ? gradDropped : applyKeepMask(consume(gradDropped), keepRows, dropout!.rate);
        const weighted = multiply(kept.probabilities(), consume(gradProbabilities));
        // dS = P ∘ (dP - rowsum(P ∘ dP)); the scale of the scores goes to the smaller factor
        const rowSums = consume(sum(weighted, [3], true));
        const gradScores = subtract(consume(weighted), consume(multiply(kept.probabilities(), rowSums)));
        if (context.needs('query')) {
          gradients.query = mergeHeads(consume(matMul(gradScores, consume(scaledHeads(kept.key())))));
        }
        if (context.needs('key')) {
          gradients.key = ofKeys(matMul(gradScores, consume(scaledHeads(kept.query())), { transposeA: true }));
        }
        return gradients;
      },
    };

    /** scale · x as [batch, heads, rows, d] */
    function scaledHeads(x: Tensor): Tensor {
      return multiply(consume(splitHeads(x, heads)), scaling);
    }

    function attentionProbabilities(queries: Tensor, keys: Tensor): Tensor {
      const scores = consume(
        matMul(consume(scaledHeads(queries)), consume(splitHeads(keys, heads)), { transposeB: true }),
      );
      return softmax(mask === undefined ? scores : consume(add(scores, mask)));
    }

    function save(): () => AttentionValues {
      const lean = savingPolicy() === 'lean';
      const savedQuery = lean || context.needs('key') ? context.save(query) : undefined;
      const savedKey = lean || context.needs('query') ? context.saveWhole(key) : undefined;
      const savedValue = needsScores ? context.saveWhole(value) : undefined;
      const rows = (tensor: Tensor) => queryRows(tensor, selection, heads);
      if (lean) {
        if (mask !== undefined) context.saveWhole(mask); // part of the batch: only kept alive
        return () => {
          const recomputed = attentionProbabilities(savedQuery!.get(), savedKey!.get());
          const keepRows = keep === undefined ? undefined : rows(keepMask(keep.shape, dropout!));
          return {
            query: () => savedQuery!.get(),
            key: () => savedKey!.get(),
            value: () => savedValue!.get(),
            probabilities: () => recomputed,
            keep: () => keepRows,
            dropped: () => (keepRows === undefined ? recomputed : applyKeepMask(recomputed, keepRows, dropout!.rate)),
          };
        };
      }
      const savedProbabilities = needsScores ? context.saveWhole(rows(probabilities)) : undefined;
      const savedKeep = needsScores && keep !== undefined ? context.saveWhole(rows(keep)) : undefined;
      const savedDropped = context.needs('value') ? saveDropped(savedProbabilities) : undefined;
      return () => ({
        query: () => savedQuery!.get(),
        key: () => savedKey!.get(),
        value: () => savedValue!.get(),
        probabilities: () => savedProbabilities!.get(),
        keep: () => savedKeep?.get(),
        dropped: () => savedDropped!.get(),
      });

      /** Without dropout the probabilities serve both purposes and are kept once. */
      function saveDropped(probabilitiesKept: SavedValue | undefined): SavedValue {
        if (keep === undefined && probabilitiesKept !== undefined) return probabilitiesKept;
        return context.saveWhole(rows(dropped));
      }
    }

    /** Gradient of keys or values: [batch, heads, length, d] → the gradient's layout, only selected rows. */
    function ofKeys(full: Tensor): Tensor {
      const gradient = mergeHeads(consume(queryRows(consume(full), selection, heads)));
      // A padded slot points at a real token that has a slot of its own: counted there only.
      return selection?.slotMask === undefined ? gradient : multiply(consume(gradient), selection.slotMask);
    }
  });
}

interface AttentionValues {
  query(): Tensor;
  key(): Tensor;
  value(): Tensor;
  probabilities(): Tensor;
  dropped(): Tensor;
  keep(): Tensor | undefined;
}

/** [batch, length, heads · d] → [batch, heads, length, d] */
function splitHeads(x: Tensor, heads: number): Tensor {
  const [batch, length, width] = x.shape as [number, number, number];
  return transpose(consume(reshape(x, [batch, length, heads, width / heads])), [0, 2, 1, 3]);
}

/** [batch, heads, length, d] → [batch, length, heads · d] */
function mergeHeads(x: Tensor): Tensor {
  const [batch, heads, length, headSize] = x.shape as [number, number, number, number];
  return reshape(consume(transpose(x, [0, 2, 1, 3])), [batch, length, heads * headSize]);
}

/** [batch, heads, length, n] → [batch, heads, tokens, n]: the rows of the selected tokens. */
function queryRows(x: Tensor, selection: TokenSelection | undefined, heads: number): Tensor {
  if (selection === undefined) return x;
  const [batch, , length, columns] = x.shape as [number, number, number, number];
  const flat = consume(reshape(x, [batch * heads * length, columns]));
  return reshape(consume(gather(flat, selection.headRows(heads))), [batch, heads, selection.tokens, columns]);
}
