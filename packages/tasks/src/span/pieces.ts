/** The tokens of a text with the characters that each of them stands for. */
import { UsageError } from '@leantune/core';
import type { Tokenizer } from '@leantune/models';
import type { RowTokenizer } from '../batching/encode.js';
import { messages } from '../messages.js';

/** Token `id` stands for the characters [start, end) of the text (UTF-16). */
export interface Piece {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

export type SpanTokenizer = RowTokenizer & Partial<Pick<Tokenizer, 'encodeWithOffsets'>>;

/**
 * The tokens that the tokenizer makes of the whole text, and their places, as Hugging Face's `return_offsets_mapping` has
 * them.
 * @throws UsageError where the tokenizer does not know the places.
 */
export function piecesOf(tokenizer: SpanTokenizer, text: string): Piece[] {
  if (tokenizer.encodeWithOffsets === undefined) {
    throw new UsageError(messages.noTokenOffsets(), { code: 'LEANTUNE_TOKEN_OFFSETS' });
  }
  const { ids, offsets } = tokenizer.encodeWithOffsets(text);
  return ids.map((id, index) => ({ id, start: offsets[index]![0], end: offsets[index]![1] }));
}
