/** A question with pieces of a long text, as Hugging Face's `run_qa` cuts them: overlapping, the question in each. */
import { UsageError } from '@leantune/core';
import type { EncodedExample, RowTokenizer } from '../batching/encode.js';
import type { SpanRow } from '../data/dataset.js';
import { messages } from '../messages.js';
import { piecesOf, type Piece } from './pieces.js';

/** Tokens that two windows share, at most a quarter of the longest input. */
const OVERLAP = 128;

export interface Window {
  /** Labels are first and last token of the answer; both 0, the first token, where it is not in this window. */
  readonly example: EncodedExample;
  readonly pieces: readonly Piece[];
  /** Position of the first piece in the input. */
  readonly offset: number;
  /** Index of the row. */
  readonly row: number;
}

export function windowsOf(rows: readonly SpanRow[], tokenizer: RowTokenizer, maxLength: number): Window[] {
  const frame = frameOf(tokenizer);
  return rows.flatMap((row, index) => {
    const head = tokenizer.encode(row.question, '');
    const before = head.inputIds.length - frame.after;
    const room = maxLength - head.inputIds.length;
    if (room < 1) {
      throw new UsageError(messages.questionTooLong(row.id, head.inputIds.length, maxLength), {
        code: 'LEANTUNE_QUESTION_LENGTH',
      });
    }
    const pieces = piecesOf(tokenizer, row.context);
    const step = Math.max(1, room - Math.min(OVERLAP, Math.floor(maxLength / 4)));
    const windows: Window[] = [];
    for (let start = 0; start === 0 || start + room - step < pieces.length; start += step) {
      const own = pieces.slice(start, start + room);
      const ids = [...head.inputIds.slice(0, before), ...own.map(({ id }) => id), ...head.inputIds.slice(before)];
      const types = [
        ...head.tokenTypeIds.slice(0, before),
        ...own.map(() => frame.typeOfSecond),
        ...head.tokenTypeIds.slice(before),
      ];
      const example = {
        inputIds: Int32Array.from(ids),
        attentionMask: new Int32Array(ids.length).fill(1),
        tokenTypeIds: Int32Array.from(types),
        label: labelOf(row, own, before),
      };
      windows.push({ example, pieces: own, offset: before, row: index });
    }
    return windows;
  });
}

/** How the tokenizer frames a pair: special tokens after the second text, and the type of its tokens. */
function frameOf(tokenizer: RowTokenizer): { readonly after: number; readonly typeOfSecond: number } {
  const probe = tokenizer.encode('a', undefined, { addSpecialTokens: false }).inputIds.at(-1);
  const { inputIds, tokenTypeIds } = tokenizer.encode('a', 'a');
  const last = inputIds.lastIndexOf(probe ?? -1);
  return { after: inputIds.length - 1 - last, typeOfSecond: tokenTypeIds[last] ?? 0 };
}

function labelOf({ answers }: SpanRow, pieces: readonly Piece[], offset: number): Int32Array {
  const [answer] = answers;
  if (answer === undefined) return Int32Array.of(0, 0);
  const end = answer.start + answer.text.length;
  const first = pieces.findIndex((piece) => piece.end > answer.start);
  const last = pieces.findLastIndex((piece) => piece.start < end);
  const inside = first >= 0 && last >= first && pieces[first]!.start < end && pieces[0]!.start <= answer.start;
  if (!inside || pieces.at(-1)!.end < end) return Int32Array.of(0, 0);
  return Int32Array.of(offset + first, offset + last);
}
