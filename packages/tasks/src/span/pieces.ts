/** The tokens of a text with the characters that each of them stands for: our tokenizers keep no offsets. */
import type { RowTokenizer } from '../batching/encode.js';

/** Token `id` stands for the characters [start, end) of the text (UTF-16). */
export interface Piece {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

/** Letters, numbers or other signs in a row: what pre-tokenizers of BERT and GPT-2 keep apart at least as finely. */
const PARTS = /\p{L}[\p{L}\p{M}]*|\p{N}+|[^\s\p{L}\p{N}]/gu;

/**
 * The text cut at spaces and between letters, numbers and signs, each part in tokens of its own. A part that was preceded
 * by a space is encoded with it, as byte-level vocabularies have it.
 */
export function piecesOf(tokenizer: RowTokenizer, text: string): Piece[] {
  const pieces: Piece[] = [];
  for (const { 0: part, index } of text.matchAll(PARTS)) {
    const spaced = index > 0 && /\s/.test(text[index - 1]!);
    const ids = tokenizer.encode(spaced ? ` ${part}` : part, undefined, { addSpecialTokens: false }).inputIds;
    pieces.push(...placed(tokenizer, ids, part, index));
  }
  return pieces;
}

/** Shares the part's characters among its tokens by the lengths of their own texts; all of them where those do not add up. */
function placed(tokenizer: RowTokenizer, ids: readonly number[], part: string, start: number): Piece[] {
  const lengths = ids.map((id) => (tokenizer.decode?.([id]) ?? '').replace(/^##/, '').trim().length);
  const whole = ids.map((id) => ({ id, start, end: start + part.length }));
  if (ids.length < 2 || lengths.reduce((sum, length) => sum + length, 0) !== part.length) return whole;
  let at = start;
  return ids.map((id, token) => ({ id, start: at, end: (at += lengths[token]!) }));
}
