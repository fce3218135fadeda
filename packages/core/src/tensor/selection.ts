import { gather, reshape } from '../kernels/shape.js';
import { keep, scope } from './scope.js';
import { withCategory } from './runtime.js';
import { tensorFrom, type Tensor } from './tensor.js';

/**
 * The token rows of one micro-batch that keep activations and receive gradients (TokenTune: the set G). Ops run on
 * all `length` rows, save and differentiate only the `tokens` selected ones; everything else is a constant.
 */
export class TokenSelection {
  /** Row of [batch · length] for every slot: int32 [batch · tokens]. */
  readonly rows: Tensor;
  /** 1 for real slots, 0 for padded ones: float32 [batch, tokens, 1]; absent where every slot is real. */
  readonly slotMask: Tensor | undefined;
  private readonly headRowsByCount = new Map<number, Tensor>();
  private readonly behindOthers = new Map<number, TokenSelection>();

  /**
   * @param positions token index of every slot, row-major [batch, tokens], each in [0, length)
   * @param mask 1 for real slots, 0 for padded ones, same layout; padded slots receive no gradient
   */
  constructor(
    readonly batch: number,
    readonly length: number,
    readonly tokens: number,
    readonly positions: Int32Array,
    readonly mask: Int32Array,
  ) {
    const rows = positions.map((position, slot) => Math.floor(slot / tokens) * length + position);
    this.rows = batchTensor(rows, [batch * tokens], 'int32');
    try {
      this.slotMask = mask.every((value) => value === 1)
        ? undefined
        : batchTensor(Float32Array.from(mask), [batch, tokens, 1], 'float32');
    } catch (error) {
      this.rows.release();
      throw error;
    }
  }

  /** The selected rows of x [batch, length, ...features] → [batch, tokens, ...features]. */
  gatherRows(x: Tensor): Tensor {
    return scope(() => {
      const features = x.shape.slice(2);
      const flat = reshape(x, [this.batch * this.length, ...features]);
      return reshape(gather(flat, this.rows), [this.batch, this.tokens, ...features]);
    });
  }

  /** Slot of a position of row `example`; undefined where it is not selected. */
  slotOf(example: number, position: number): number | undefined {
    for (let slot = 0; slot < this.tokens; slot++) {
      const index = example * this.tokens + slot;
      if (this.mask[index] === 1 && this.positions[index] === position) return slot;
    }
    return undefined;
  }

  /** Rows of [batch · heads · length] for every slot of every head: int32 [batch · heads · tokens]. */
  headRows(heads: number): Tensor {
    const known = this.headRowsByCount.get(heads);
    if (known !== undefined) return known;
    const rows = new Int32Array(this.batch * heads * this.tokens);
    for (let index = 0; index < rows.length; index++) {
      const slot = index % this.tokens;
      const pair = Math.floor(index / this.tokens);
      const example = Math.floor(pair / heads);
      rows[index] = pair * this.length + this.positions[example * this.tokens + slot]!;
    }
    const tensor = batchTensor(rows, [rows.length], 'int32');
    this.headRowsByCount.set(heads, tensor);
    return tensor;
  }

  /** The same tokens behind `count` others in every row, which are all selected: keys with something before them. */
  behind(count: number): TokenSelection {
    const known = this.behindOthers.get(count);
    if (known !== undefined) return known;
    const tokens = count + this.tokens;
    const slots = (others: (slot: number) => number, own: (index: number) => number) =>
      Int32Array.from({ length: this.batch * tokens }, (_, index) => {
        const slot = index % tokens;
        return slot < count ? others(slot) : own(Math.floor(index / tokens) * this.tokens + slot - count);
      });
    const positions = slots(
      (slot) => slot,
      (index) => count + this.positions[index]!,
    );
    const mask = slots(
      () => 1,
      (index) => this.mask[index]!,
    );
    const selection = new TokenSelection(this.batch, count + this.length, tokens, positions, mask);
    this.behindOthers.set(count, selection);
    return selection;
  }

  release(): void {
    for (const selection of this.behindOthers.values()) selection.release();
    this.behindOthers.clear();
    this.rows.release();
    this.slotMask?.release();
    for (const rows of this.headRowsByCount.values()) rows.release();
    this.headRowsByCount.clear();
  }
}

/** Marks token ids, or a table of tokens: ops that read them keep and differentiate the selected rows only. */
export function withSelection(tensor: Tensor, selection: TokenSelection | undefined): Tensor {
  tensor.selection = selection;
  return tensor;
}

/** Owned by the selection, never by a scope: ops of every layer use it. */
function batchTensor(values: Int32Array | Float32Array, shape: readonly number[], dtype: 'int32' | 'float32'): Tensor {
  return keep(withCategory('batch', () => tensorFrom(values, shape, dtype)));
}
