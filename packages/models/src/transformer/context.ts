import { Tensor, type AttentionMask, type RotaryTable } from '@leantune/core';

/** Keys and values that stand before those of every text: [count, keyValueHeads · headSize]; not rotated. */
export interface PrefixStates {
  readonly key: Tensor;
  readonly value: Tensor;
}

/** What every layer of a stack reads besides its hidden states; made once a forward pass. */
export interface LayerContext {
  /** Which tokens each token sees in self-attention. */
  readonly mask: AttentionMask;
  /** Angles of rotary positions, where the architecture has them. */
  readonly rotary?: RotaryTable | undefined;
  /** What a method puts before the keys and values of self-attention, by layer; the mask knows of it. */
  readonly prefixes?: readonly PrefixStates[] | undefined;
  /** What the decoder of an encoder-decoder attends to: [batch, encoder length, hidden] and which of it is real. */
  readonly encoder?: { readonly hidden: Tensor; readonly mask: AttentionMask } | undefined;
}

/** Every tensor of the context that never gets a gradient: masks and angles. */
export function constantsOf({ mask, rotary, encoder }: LayerContext): Tensor[] {
  return tensorsIn([mask, rotary, encoder?.mask]);
}

function tensorsIn(value: unknown): Tensor[] {
  if (value instanceof Tensor) return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(tensorsIn);
}
