import { add, cast, divide, greater, maximum, minimum, multiply, subtract } from '../kernels/elementwise.js';
import { sum } from '../kernels/reduce.js';
import { reshape } from '../kernels/shape.js';
import { castStorage } from '../kernels/storage.js';
import type { FloatStorageDType } from '../tensor/dtype.js';
import { withCategory } from '../tensor/runtime.js';
import { scope } from '../tensor/scope.js';
import type { TokenSelection } from '../tensor/selection.js';
import { tensorFrom, type Tensor } from '../tensor/tensor.js';

/**
 * The lowest finite value (torch.finfo(dtype).min), which Hugging Face adds to the scores of hidden keys: minus infinity
 * would leave a row without any visible key without a softmax.
 */
const lowestValues: Readonly<Record<FloatStorageDType, number>> = {
  float64: -3.4028234663852886e38, // that of float32, which masks are made as
  float32: -3.4028234663852886e38,
  bfloat16: -3.3895313892515355e38,
  float16: -65504,
};

/**
 * Which keys a query may see: keys that are real, and with `causal` those at its own position or before. A key that
 * is hidden twice is hidden as if once: the softmax of a row without any visible key is uniform, as in PyTorch.
 */
export interface AttentionMask {
  /** Added to the scores: [batch, 1, 1, keys], the lowest float32 where hidden; absent: every key is real. */
  readonly keys?: Tensor | undefined;
  readonly causal?: CausalOrder | undefined;
}

/** Positions that decide what comes before what: float32. */
export interface CausalOrder {
  /** [1 or batch, 1, queries, 1], selected queries only in `selectedQueries`. */
  readonly queries: Tensor;
  /** [batch, 1, tokens, 1] of the selected queries, where there is a selection. */
  readonly selectedQueries?: Tensor | undefined;
  /** [1 or batch, 1, 1, keys] */
  readonly keys: Tensor;
  /**
   * Whether later keys are hidden altogether, also where no key is visible: a token of padding then sees the padding up
   * to itself (GPT-2), else all keys alike.
   */
  readonly absolute?: boolean | undefined;
}

/** Attention mask (1 = real) [batch, length] → what is added to attention scores: [batch, 1, 1, length]. */
export function additiveMask(attentionMask: Tensor): Tensor {
  const [batch, length] = attentionMask.shape as [number, number];
  return withCategory('batch', () =>
    scope(() => {
      const hidden = subtract(1, cast(attentionMask, 'float32'));
      return reshape(multiply(hidden, lowestValues.float32), [batch, 1, 1, length]);
    }),
  );
}

/**
 * The order of causal self-attention over `length` tokens.
 * @param order int32 [batch, length] where tokens do not stand in their order; default 0 … length - 1 in every row
 */
export function causalOrder(length: number, order?: Tensor, selection?: TokenSelection): CausalOrder {
  return withCategory('batch', () => {
    if (order !== undefined) {
      const batch = order.shape[0]!;
      const positions = cast(order, 'float32'); // [batch, length]
      return {
        queries: reshape(positions, [batch, 1, length, 1]),
        keys: reshape(positions, [batch, 1, 1, length]),
        selectedQueries: selection && reshape(selection.gatherRows(positions), [batch, 1, selection.tokens, 1]),
      };
    }
    const positions = tensorFrom(
      Float32Array.from({ length }, (_, index) => index),
      [length],
    );
    return {
      queries: reshape(positions, [1, 1, length, 1]),
      keys: reshape(positions, [1, 1, 1, length]),
      selectedQueries:
        selection &&
        tensorFrom(Float32Array.from(selection.positions), [selection.batch, 1, selection.tokens, 1], 'float32'),
    };
  });
}

/**
 * What is added to the scores [batch, heads, rows, keys] held as `storage`, of the selected queries only with `selected`:
 * broadcastable to their shape and held as they are; undefined where nothing is hidden.
 */
export function attentionBias(
  { keys: mask, causal }: AttentionMask,
  selected: boolean,
  storage: FloatStorageDType,
): Tensor | undefined {
  if (mask === undefined && causal === undefined) return undefined;
  return scope(() => {
    const lowest = lowestValues[storage];
    const keys = mask && lowest > lowestValues.float32 ? maximum(mask, lowest) : mask;
    if (causal === undefined) return castStorage(keys!, storage);
    const queries = selected ? causal.selectedQueries! : causal.queries;
    const later = cast(greater(causal.keys, queries), 'float32'); // [1 or batch, 1, rows, keys]
    const hidden = multiply(later, lowest);
    if (keys === undefined) return castStorage(hidden, storage);
    const either = minimum(hidden, keys);
    // Twice the lowest value is -∞.
    return castStorage(causal.absolute === true ? add(either, hidden) : either, storage);
  });
}

/** Weights of the mean over the tokens where `mask` [batch, length, ...] is 1: [batch, 1, length]. */
export function meanWeights(mask: Tensor): Tensor {
  const [batch, length] = mask.shape as [number, number];
  return withCategory('batch', () =>
    scope(() => {
      const weights = reshape(cast(mask, 'float32'), [batch, 1, length]);
      return divide(weights, sum(weights, [2], true));
    }),
  );
}
