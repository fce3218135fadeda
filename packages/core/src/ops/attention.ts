import { differentiable, type OpContext } from '../autograd/differentiable.js';
import { savingPolicy } from '../autograd/policy.js';
import { fusesAttention } from '../kernels/attention.js';
import { consume } from '../kernels/dispatch.js';
import { applyKeepMask, keepMask, type DropoutStream } from '../kernels/dropout.js';
import { add, multiply, subtract } from '../kernels/elementwise.js';
import { softmax, sum } from '../kernels/reduce.js';
import { concatenate } from '../kernels/shape.js';
import { heldAs } from '../kernels/storage.js';
import type { FloatStorageDType } from '../tensor/dtype.js';
import { keep, scope } from '../tensor/scope.js';
import type { TokenSelection } from '../tensor/selection.js';
import type { Tensor } from '../tensor/tensor.js';
import {
  keepMaskOfBlock,
  maskOfBlock,
  queryBlocks,
  rowsOfBlock,
  selectedKeepMask,
  wholeKeepMask,
  type Block,
} from './attentionBlocks.js';
import { forProduct } from './cast.js';
import { fusedAttentionPass, type AttentionTensors as Inputs } from './fusedAttention.js';
import { compareHeads, mixHeads, transposedMixHeads } from './headProducts.js';
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
 * probabilities are computed again, in both passes in blocks of queries (Rabe & Staats 2021): beyond a size, scores never
 * live whole.
 * With token selections (Simoulin et al. 2024, equations 6 to 11) the forward pass runs over all queries once; only the
 * selected queries and their probabilities are kept, with all keys and values; only selected keys and values get
 * gradients. The output carries the queries' selection; keys may carry another one (cross-attention).
 * @param query [batch, queries, heads · d]
 * @param key [batch, keys, keyValueHeads · d]
 * @param value [batch, keys, keyValueHeads · d]
 * @returns [batch, queries, heads · d]
 */
export function attention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor {
  [query, key, value] = forProduct(query, key, value);
  const fuses = savingPolicy() === 'lean' && fusesAttention(query, key, value);
  return differentiable('attention', { query, key, value }, (context) => {
    if (fuses) return fusedAttentionPass(context, { query, key, value }, options);
    return new AttentionPass(context, query, key, value, options).run();
  });
}

/** Values of the forward pass that the backward pass reads, of a block of the selected queries: computed or kept. */
interface KeptBlock {
  readonly rows: Block;
  query(): Tensor;
  /** [batch, heads or keyValueHeads, keys, d] */
  keyHeads(): Tensor;
  valueHeads(): Tensor;
  /** [batch, heads, rows, keys] */
  probabilities(): Tensor;
  keep(): Tensor | undefined;
  dropped(): Tensor;
}

function memoized<T>(compute: () => T): () => T {
  let result: { readonly value: T } | undefined;
  return () => (result ??= { value: compute() }).value;
}

type Gradients = Partial<Record<keyof Inputs, Tensor | undefined>>;

class AttentionPass {
  private readonly heads: number;
  private readonly keyValueHeads: number;
  /** Whether keys and values are repeated for every query head, as PyTorch's eager models do. */
  private readonly repeats: boolean;
  private readonly scaling: number;
  private readonly needsScores: boolean;
  /** [batch, heads, queries, keys] */
  private readonly scoresShape: readonly number[];
  /** Blocks of all queries, whichever are selected: dropout draws by them. */
  private readonly blocks: readonly Block[];
  private readonly drops: boolean;

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
    this.scoresShape = [query.shape[0]!, this.heads, query.shape[1]!, key.shape[1]!];
    this.blocks = queryBlocks(this.scoresShape, query.size);
    this.drops = options.dropout !== undefined && options.dropout.rate > 0;
  }

  run() {
    const { dropout } = this.options;
    const blocked = savingPolicy() === 'lean' && this.blocks.length > 1;
    let output: Tensor;
    let restore: (() => KeptBlock[]) | undefined;
    if (blocked) {
      output = this.runBlocks();
      if (this.context.recording) restore = this.saveLean();
    } else {
      const keyHeads = this.keyValueHeadsOf(this.key);
      const probabilities = this.probabilities(this.query, this.once(keyHeads), this.options.mask, false);
      const keep = this.drops ? wholeKeepMask(this.scoresShape, this.blocks, dropout!) : undefined;
      const dropped = keep === undefined ? probabilities : applyKeepMask(probabilities, keep, dropout!.rate);
      const valueHeads = this.keyValueHeadsOf(this.value);
      output = mergeHeads(consume(mixHeads(dropped, this.once(valueHeads))));
      if (this.context.recording) {
        restore =
          savingPolicy() === 'lean'
            ? this.saveLean()
            : this.saveAll(keyHeads, valueHeads, probabilities, keep, dropped);
      }
    }
    return {
      output,
      selection: this.query.selection,
      backward: (gradOutput: Tensor) => this.backward(gradOutput, restore!()),
    };
  }

  /** The output, one block of queries after another. */
  private runBlocks(): Tensor {
    const { mask, dropout } = this.options;
    const [keyHeads, valueHeads] = [this.key, this.value].map((x) => this.keyValueHeadsOf(x)) as [Tensor, Tensor];
    const parts = this.blocks.map((block, index) =>
      scope(() => {
        const queries = consume(rowsOfBlock(this.query, block, 1));
        const probabilities = this.probabilities(queries, keyHeads, maskOfBlock(mask, block, false), false);
        if (!this.drops) return mergeHeads(consume(mixHeads(consume(probabilities), valueHeads)));
        const kept = keepMaskOfBlock(this.scoresShape, this.blocks, index, dropout!);
        const dropped = consume(applyKeepMask(consume(probabilities), consume(kept), dropout!.rate));
        return mergeHeads(consume(mixHeads(dropped, valueHeads)));
      }),
    );
    for (const heads of [keyHeads, valueHeads]) keep(heads).release();
    return concatenate(parts, 1);
  }

  private backward(gradOutput: Tensor, blocks: readonly KeptBlock[]): Gradients {
    if (blocks.length === 1) {
      const { query, key, value } = this.gradientsOfRows(gradOutput, blocks[0]!, true);
      return { query, key, value };
    }
    const queries: Tensor[] = [];
    let key: Tensor | undefined;
    let value: Tensor | undefined;
    const added = (total: Tensor | undefined, part: Tensor | undefined) =>
      total === undefined || part === undefined ? part : add(consume(total), consume(part));
    for (const block of blocks) {
      const part = scope(() => this.gradientsOfRows(rowsOfBlock(gradOutput, block.rows, 1), block, false));
      if (part.query !== undefined) queries.push(part.query);
      key = added(key, part.key);
      value = added(value, part.value);
    }
    return {
      query: queries.length === 0 ? undefined : concatenate(queries, 1),
      key: key && this.ofKeys(key, this.key),
      value: value && this.ofKeys(value, this.value),
    };
  }

  /**
   * What the rows of one block give: the queries' gradient [batch, rows, heads · d], and those of all keys and values, as
   * [batch, n, keys, d] or, with `whole`, as the inputs' own gradients.
   */
  private gradientsOfRows(gradOutput: Tensor, kept: KeptBlock, whole: boolean): Gradients {
    const { context, heads } = this;
    const ofKeys = (full: Tensor, input: Tensor) => (whole ? this.ofKeys(full, input) : full);
    const grad = splitHeads(gradOutput, heads); // [batch, heads, rows, d]
    const gradients: Gradients = {};
    if (context.needs('value'))
      gradients.value = ofKeys(transposedMixHeads(kept.dropped(), grad, this.keyHeadCount), this.value);
    if (!this.needsScores) return gradients;

    // [batch, heads, rows, keys] from here on
    const gradDropped = compareHeads(grad, this.once(kept.valueHeads()));
    const keepRows = kept.keep();
    const gradProbabilities =
      keepRows === undefined ? gradDropped : applyKeepMask(consume(gradDropped), keepRows, this.options.dropout!.rate);
    const weighted = multiply(kept.probabilities(), consume(gradProbabilities));
    // dS = P ∘ (dP - rowsum(P ∘ dP)); the scale of the scores goes to the smaller factor
    const rowSums = consume(sum(weighted, [3], true));
    const gradScores = subtract(consume(weighted), consume(multiply(kept.probabilities(), rowSums)));
    if (context.needs('query')) {
      const scaledKeys = consume(multiply(this.once(kept.keyHeads()), this.scaling));
      gradients.query = mergeHeads(consume(mixHeads(gradScores, scaledKeys)));
    }
    if (context.needs('key')) {
      const scaledQueries = consume(this.scaledQueries(kept.query()));
      gradients.key = ofKeys(transposedMixHeads(gradScores, scaledQueries, this.keyHeadCount), this.key);
    }
    return gradients;
  }

  /** Heads of the keys that the products see. */
  private get keyHeadCount(): number {
    return this.repeats ? this.heads : this.keyValueHeads;
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

  /** softmax of the scores of `queries`, which are the selected ones where `selected` says so; `mask` is theirs. */
  private probabilities(queries: Tensor, keyHeads: Tensor, mask: AttentionMask | undefined, selected: boolean): Tensor {
    const scores = consume(compareHeads(consume(this.scaledQueries(queries)), keyHeads));
    const bias = mask && attentionBias(mask, selected, scores.storageDtype as FloatStorageDType);
    if (bias === undefined) return softmax(scores);
    return softmax(consume(add(scores, bias === mask!.keys ? bias : consume(bias))));
  }

  private saveLean(): () => KeptBlock[] {
    const { context, query, scoresShape } = this;
    const { mask, dropout } = this.options;
    const { selection } = query;
    const savedQuery = context.save(query);
    const savedKey = context.saveWhole(this.key);
    const savedValue = this.needsScores ? context.saveWhole(this.value) : undefined;
    // Part of the batch: only kept alive.
    for (const part of [mask?.keys, mask?.causal?.queries, mask?.causal?.selectedQueries, mask?.causal?.keys]) {
      if (part !== undefined) context.saveWhole(part);
    }
    const keyHeads = () => this.keyValueHeadsOf(savedKey.get());
    return () => {
      const [batch, heads, queries, keys] = scoresShape as [number, number, number, number];
      const blocks = queryBlocks([batch, heads, selection?.tokens ?? queries, keys], query.size);
      const whole = blocks.length === 1;
      const part = (x: Tensor, block: Block, axis: 1 | 2) => (whole ? x : rowsOfBlock(x, block, axis));
      // Selected queries take their rows from all blocks of the forward pass.
      const selectedKeep = this.drops && selection !== undefined ? this.selectedKeep(selection) : undefined;
      return blocks.map((block, index): KeptBlock => {
        const query = memoized(() => part(savedQuery.get(), block, 1));
        const probabilities = memoized(() => {
          const own = whole ? mask : maskOfBlock(mask, block, selection !== undefined);
          return this.probabilities(query(), this.once(keyHeads()), own, selection !== undefined);
        });
        const keepRows = memoized(() => {
          if (!this.drops) return undefined;
          return selectedKeep === undefined
            ? keepMaskOfBlock(scoresShape, blocks, index, dropout!)
            : part(selectedKeep, block, 2);
        });
        return {
          rows: block,
          query,
          keyHeads,
          valueHeads: () => this.keyValueHeadsOf(savedValue!.get()),
          probabilities,
          keep: keepRows,
          dropped: () => {
            const rows = keepRows();
            return rows === undefined ? probabilities() : applyKeepMask(probabilities(), rows, dropout!.rate);
          },
        };
      });
    };
  }

  private selectedKeep(selection: TokenSelection): Tensor {
    const { scoresShape, blocks } = this;
    const dropout = this.options.dropout!;
    if (blocks.length === 1) return this.rows(keepMask(scoresShape, dropout));
    return selectedKeepMask(scoresShape, blocks, dropout, selection);
  }

  private saveAll(
    keyHeads: Tensor,
    valueHeads: Tensor,
    probabilities: Tensor,
    keep: Tensor | undefined,
    dropped: Tensor,
  ): () => KeptBlock[] {
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
    const kept: KeptBlock = {
      rows: { begin: 0, end: this.query.shape[1]! },
      query: () => savedQuery!.get(),
      keyHeads: () => heads(savedKey!.get()),
      valueHeads: () => heads(savedValue!.get()),
      probabilities: () => savedProbabilities!.get(),
      keep: () => savedKeep?.get(),
      dropped: () => savedDropped!.get(),
    };
    return () => [kept];
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
