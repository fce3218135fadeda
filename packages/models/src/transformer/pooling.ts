import {
  meanWeights,
  tokenAt,
  tokensAt,
  weightedTokenSum,
  type DeviceBatch,
  type Tensor,
  type TokenSelection,
} from '@leantune/core';
import { batchTensor } from './positions.js';

/** How the head of an encoder reads the last hidden states. */
export type Pooling =
  /** The first token. */
  | 'first'
  /** Mean over the real tokens: of the selected ones in training with a selection, of all otherwise. */
  | 'mean'
  /** As `mean`, padding included (what TokenTune's published code does). */
  | 'meanUnmasked';

/** [batch, tokens or length, hidden], as `selectedRows` gives it → [batch, hidden]. */
export function poolTokens(hidden: Tensor, { size, inputs, selection }: DeviceBatch, pooling: Pooling): Tensor {
  if (pooling === 'first') return tokenAt(hidden, 0);
  const tokens = hidden.shape[1]!;
  const all = () =>
    batchTensor({ dtype: 'float32', shape: [size, tokens], data: new Float32Array(size * tokens).fill(1) });
  if (pooling === 'meanUnmasked') return weightedTokenSum(hidden, meanWeights(all()));
  const mask = selection === undefined ? inputs.attentionMask! : (selection.slotMask ?? all());
  return weightedTokenSum(hidden, meanWeights(mask));
}

/**
 * The vector of one token a row: [batch, tokens or length, hidden] → [batch, hidden].
 * @param positions of every row in the whole text; with a selection they must be among the selected ones
 */
export function poolPositions(
  hidden: Tensor,
  positions: readonly number[],
  selection: TokenSelection | undefined,
): Tensor {
  const tokens = hidden.shape[1]!;
  const rows = Int32Array.from(positions, (position, row) => {
    const slot = selection === undefined ? position : (selection.slotOf(row, position) ?? 0);
    return row * tokens + slot;
  });
  return tokensAt(hidden, batchTensor({ dtype: 'int32', shape: [rows.length], data: rows }));
}
