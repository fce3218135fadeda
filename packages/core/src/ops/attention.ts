import { differentiable, type OpContext } from '../autograd/differentiable.js';
import { savingPolicy } from '../autograd/policy.js';
import { consume } from '../kernels/dispatch.js';
import { add, multiply, subtract } from '../kernels/elementwise.js';
import { matMul } from '../kernels/linearAlgebra.js';
import { softmax, sum } from '../kernels/reduce.js';
import { reshape } from '../kernels/shape.js';
import { heldAs } from '../kernels/storage.js';
import type { Tensor } from '../tensor/tensor.js';
import { applyKeepMask, keepMask, type DropoutStream } from './dropout.js';
import { mergeHeads, repeatHeads, rowsOfHeads, splitHeads, sumRepeatedHeads } from './heads.js';
import { attentionBias, type AttentionMask } from './mask.js';

export interface AttentionOptions {
  /** Heads of the queries. */
  readonly heads: number;
  /** Heads of keys and values, a divisor of `heads` (grouped-query attention, Ainslie et al. 2023). Default: `heads`. */
  readonly keyValueHeads?: number | undefined;
  /** Which keys each query sees. Default: all. */
  readonly mask?: AttentionMask | undefined;
  /** Dropout of the attention probabilities. */
  readonly dropout?: DropoutStream | undefined;
  /** Factor on the scores. Default 1/√d. */
  readonly scaling?: number | undefined;
}

/**
 * softmax(scaling · Q Kᵀ + mask) V for every head (Vaswani et al. 2017, section 3.2).
 *
 * Saves under `pytorch` what the eager formula keeps: q, k, v (keys and values repeated for every query head), the
 * probabilities, and with dropout its mask and the dropped probabilities; under `lean`: q, k and v, the
 * probabilities are computed again.
 * With token selections (Simoulin et al. 2024, equations 6 to 11) the forward pass runs over all queries once; only the
 * selected queries and their probabilities are kept, with all keys and values; only selected keys and values get
 * gradients. The output carries the queries' selection; keys may carry another one (cross-attention).
 * @param query [batch, queries, heads · d]
 * @param key [batch, keys, keyValueHeads · d]
 * @param value [batch, keys, keyValueHeads · d]
 * @returns [batch, queries, heads · d]
 */
export function attention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor {
  return differentiable('attention', { query, key, value }, (context) =>
    new AttentionPass(context, query, key, value, options).run(),
  );
}

/** Values of the forward pass that the backward pass reads, of the selected queries: computed or kept. */
interface KeptValues {
  query(): Tensor;
  /** [batch, heads or keyValueHeads, keys, d] */
  keyHeads(): Tensor;
  valueHeads(): Tensor;
  /** [batch, heads, rows, keys] */
  probabilities(): Tensor;
  keep(): Tensor | undefined;
  dropped(): Tensor;
}

type Inputs = Readonly<Record<'query' | 'key' | 'value', Tensor>>;

class AttentionPass {
  private readonly heads: number;
  private readonly keyValueHeads: number;
  /** Whether keys and values are repeated for every query head, as PyTorch's eager models do. */
  private readonly repeats: boolean;
  private readonly scaling: number;
  private readonly needsScores: boolean;

  constructor(
    private readonly context: OpContext<Inputs>,
    private readonly query: Tensor,
    private readonly key: Tensor,
    private readonly value: Tensor,
    private readonly options: AttentionOptions,
  ) {
    this.heads = options.heads;
    this.keyValueHeads = options.keyValueHeads ?? options.heads;
    this.repeats = savingPolicy() === 'pytorch' && this.keyValueHeads !== this.heads;
    this.scaling = options.scaling ?? 1 / Math.sqrt(query.shape[2]! / options.heads);
    this.needsScores = context.needs('query') || context.needs('key');
  }

  run() {
    const { dropout } = this.options;
    const keyHeads = this.keyValueHeadsOf(this.key);
    const probabilities = this.probabilities(this.query, this.once(keyHeads), false); // [batch, heads, queries, keys]
    const keep = dropout && dropout.rate > 0 ? keepMask(probabilities.shape, dropout) : undefined;
    const dropped = keep === undefined ? probabilities : applyKeepMask(probabilities, keep, dropout!.rate);
    const valueHeads = this.keyValueHeadsOf(this.value);
    const output = mergeHeads(consume(this.mix(dropped, this.once(valueHeads))));
    const restore = this.context.recording
      ? savingPolicy() === 'lean'
        ? this.saveLean(keep)
        : this.saveAll(keyHeads, valueHeads, probabilities, keep, dropped)
      : undefined;
    return {
      output,
      selection: this.query.selection,
      backward: (gradOutput: Tensor) => this.backward(gradOutput, restore!()),
    };
  }

  private backward(gradOutput: Tensor, kept: KeptValues): Partial<Record<keyof Inputs, Tensor>> {
    const { context, heads } = this;
    const grad = splitHeads(gradOutput, heads); // [batch, heads, rows, d]
    const gradients: Partial<Record<keyof Inputs, Tensor>> = {};
    if (context.needs('value')) gradients.value = this.ofKeys(this.transposedMix(kept.dropped(), grad), this.value);
    if (!this.needsScores) return gradients;

    // [batch, heads, rows, keys] from here on
    const gradDropped = this.compare(grad, this.once(kept.valueHeads()));
    const keepRows = kept.keep();
    const gradProbabilities =
      keepRows === undefined ? gradDropped : applyKeepMask(consume(gradDropped), keepRows, this.options.dropout!.rate);
    const weighted = multiply(kept.probabilities(), consume(gradProbabilities));
    // dS = P ∘ (dP - rowsum(P ∘ dP)); the scale of the scores goes to the smaller factor
    const rowSums = consume(sum(weighted, [3], true));
    const gradScores = subtract(consume(weighted), consume(multiply(kept.probabilities(), rowSums)));
    if (context.needs('query')) {
      const scaledKeys = consume(multiply(this.once(kept.keyHeads()), this.scaling));
      gradients.query = mergeHeads(consume(this.mix(gradScores, scaledKeys)));
    }
    if (context.needs('key')) {
      const scaledQueries = consume(this.scaledQueries(kept.query()));
      gradients.key = this.ofKeys(this.transposedMix(gradScores, scaledQueries), this.key);
    }
    return gradients;
  }

  /** scaling · queries as [batch, heads, rows, d] */
  private scaledQueries(queries: Tensor): Tensor {
    return multiply(consume(splitHeads(queries, this.heads)), this.scaling);
  }

  /** Keys or values as [batch, keyValueHeads, keys, d], or repeated as [batch, heads, keys, d]. */
  private keyValueHeadsOf(x: Tensor): Tensor {
    const split = splitHeads(x, this.keyValueHeads);
    return this.repeats ? repeatHeads(consume(split), this.heads) : split;
  }

  /** Repeated heads are kept; plain ones are a copy for the next kernel alone. */
  private once(keyValueHeads: Tensor): Tensor {
    return this.repeats ? keyValueHeads : consume(keyValueHeads);
  }

  private probabilities(queries: Tensor, keyHeads: Tensor, selected: boolean): Tensor {
    const scores = consume(this.compare(consume(this.scaledQueries(queries)), keyHeads));
    const { mask } = this.options;
    const bias = mask && attentionBias(mask, selected);
    if (bias === undefined) return softmax(scores);
    return softmax(consume(add(scores, heldAs(bias === mask!.keys ? bias : consume(bias), scores.storageDtype))));
  }

  /** queries [batch, heads, rows, d] · keysᵀ [batch, n, keys, d] → [batch, heads, rows, keys]; n divides heads. */
  private compare(queries: Tensor, keyHeads: Tensor): Tensor {
    const [batch, heads, rows] = queries.shape as [number, number, number, number];
    const products = matMul(consume(this.grouped(queries, keyHeads)), keyHeads, { transposeB: true });
    return reshape(consume(products), [batch, heads, rows, keyHeads.shape[2]!]);
  }

  /** weights [batch, heads, rows, keys] · values [batch, n, keys, d] → [batch, heads, rows, d] */
  private mix(weights: Tensor, valueHeads: Tensor): Tensor {
    const [batch, heads, rows] = weights.shape as [number, number, number, number];
    const mixed = matMul(consume(this.grouped(weights, valueHeads)), valueHeads);
    return reshape(consume(mixed), [batch, heads, rows, valueHeads.shape[3]!]);
  }

  /** weightsᵀ · rows: [batch, heads, rows, keys], [batch, heads, rows, d] → [batch, n, keys, d], summed over groups. */
  private transposedMix(weights: Tensor, rows: Tensor): Tensor {
    const count = this.repeats ? this.heads : this.keyValueHeads;
    const shaped = (x: Tensor) => reshape(x, [x.shape[0]!, count, (x.shape[1]! / count) * x.shape[2]!, x.shape[3]!]);
    return matMul(consume(shaped(weights)), consume(shaped(rows)), { transposeA: true });
  }

  /** The rows of all heads that share a key head, one after another: a view [batch, n, heads / n · rows, ...]. */
  private grouped(x: Tensor, keyHeads: Tensor): Tensor {
    const [batch, heads, rows, last] = x.shape as [number, number, number, number];
    const count = keyHeads.shape[1]!;
    return reshape(x, [batch, count, (heads / count) * rows, last]);
  }

  private saveLean(keep: Tensor | undefined): () => KeptValues {
    const { context, query } = this;
    const { mask, dropout } = this.options;
    const savedQuery = context.save(query);
    const savedKey = context.saveWhole(this.key);
    const savedValue = this.needsScores ? context.saveWhole(this.value) : undefined;
    // Part of the batch: only kept alive.
    for (const part of [mask?.keys, mask?.causal?.queries, mask?.causal?.selectedQueries, mask?.causal?.keys]) {
      if (part !== undefined) context.saveWhole(part);
    }
    const keepShape = keep?.shape;
    return () => {
      const keyHeads = () => this.keyValueHeadsOf(savedKey.get());
      const probabilities = this.probabilities(savedQuery.get(), this.once(keyHeads()), query.selection !== undefined);
      const keepRows = keepShape && this.rows(keepMask(keepShape, dropout!));
      return {
        query: () => savedQuery.get(),
        keyHeads,
        valueHeads: () => this.keyValueHeadsOf(savedValue!.get()),
        probabilities: () => probabilities,
        keep: () => keepRows,
        dropped: () => (keepRows === undefined ? probabilities : applyKeepMask(probabilities, keepRows, dropout!.rate)),
      };
    };
  }

  private saveAll(
    keyHeads: Tensor,
    valueHeads: Tensor,
    probabilities: Tensor,
    keep: Tensor | undefined,
    dropped: Tensor,
  ): () => KeptValues {
    const { context, needsScores } = this;
    const savedQuery = context.needs('key') ? context.save(this.query) : undefined;
    // Repeated keys and values are tensors of their own, the others are views of what the projections gave.
    const savedKey = context.needs('query') ? context.saveWhole(this.repeats ? keyHeads : this.key) : undefined;
    const savedValue = needsScores ? context.saveWhole(this.repeats ? valueHeads : this.value) : undefined;
    const heads = (tensor: Tensor) => (this.repeats ? tensor : splitHeads(tensor, this.keyValueHeads));
    const savedProbabilities = needsScores ? context.saveWhole(this.rows(probabilities)) : undefined;
    const savedKeep = needsScores && keep !== undefined ? context.saveWhole(this.rows(keep)) : undefined;
    // Without dropout the probabilities serve both purposes and are kept once.
    const savedDropped = !context.needs('value')
      ? undefined
      : keep === undefined && savedProbabilities !== undefined
        ? savedProbabilities
        : context.saveWhole(this.rows(dropped));
    return () => ({
      query: () => savedQuery!.get(),
      keyHeads: () => heads(savedKey!.get()),
      valueHeads: () => heads(savedValue!.get()),
      probabilities: () => savedProbabilities!.get(),
      keep: () => savedKeep?.get(),
      dropped: () => savedDropped!.get(),
    });
  }

  /** The selected queries' part of [batch, heads, queries, keys]. */
  private rows(x: Tensor): Tensor {
    return rowsOfHeads(x, this.query.selection);
  }

  /** Gradient of keys or values: [batch, n, keys, d] → the input's layout, only its selected rows. */
  private ofKeys(full: Tensor, input: Tensor): Tensor {
    const { selection } = input;
    const summed = this.repeats ? sumRepeatedHeads(consume(full), this.keyValueHeads) : full;
    if (selection === undefined) return mergeHeads(consume(summed));
    const gradient = mergeHeads(consume(rowsOfHeads(consume(summed), selection)));
    // A padded slot points at a real token that has a slot of its own: counted there only.
    return selection.slotMask === undefined
      ? gradient
      : multiply(consume(gradient), heldAs(selection.slotMask, gradient.storageDtype));
  }
}
