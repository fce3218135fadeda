import { add, cast, divide, greater, minimum, multiply, subtract } from '../kernels/elementwise.js';
import { sum } from '../kernels/reduce.js';
import { reshape } from '../kernels/shape.js';
import { withCategory } from '../tensor/runtime.js';
import { scope } from '../tensor/scope.js';
import type { TokenSelection } from '../tensor/selection.js';
import { tensorFrom, type Tensor } from '../tensor/tensor.js';

/** The lowest float32, which Hugging Face adds to the scores of hidden keys. */
const LOWEST_FLOAT32 = -3.4028234663852886e38;

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
      return reshape(multiply(hidden, LOWEST_FLOAT32), [batch, 1, 1, length]);
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
 * What is added to the scores [batch, heads, rows, keys], of the selected queries only with `selected`:
 * broadcastable to their shape; undefined where nothing is hidden.
 */
export function attentionBias({ keys, causal }: AttentionMask, selected: boolean): Tensor | undefined {
  if (causal === undefined) return keys;
  return scope(() => {
    const queries = selected ? causal.selectedQueries! : causal.queries;
    const later = cast(greater(causal.keys, queries), 'float32'); // [1 or batch, 1, rows, keys]
    const hidden = multiply(later, LOWEST_FLOAT32);
    if (keys === undefined) return hidden;
    const either = minimum(hidden, keys);
    // Twice the lowest float32 is -∞.
    return causal.absolute === true ? add(either, hidden) : either;
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
