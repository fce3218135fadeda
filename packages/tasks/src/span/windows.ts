/**
 * A question with pieces of a long text, as Hugging Face's `run_qa` cuts them for a tokenizer that pads on the right:
 * overlapping, the question in each, without the white space in front of it.
 */
import { UsageError } from '@leantune/core';
import type { EncodedExample, RowTokenizer } from '../batching/encode.js';
import type { SpanRow } from '../data/dataset.js';
import { messages } from '../messages.js';
import { piecesOf, type Piece, type SpanTokenizer } from './pieces.js';

/** Tokens that two windows share (`doc_stride`), at most a third of the longest input: `run_qa` has 128 of 384. */
const OVERLAP = 128;
const LARGEST_SHARE = 3;

export interface Window {
  /** Labels are first and last token of the answer; both 0, the first token, where it is not whole in this window. */
  readonly example: EncodedExample;
  readonly pieces: readonly Piece[];
  /** Position of the first piece in the input. */
  readonly offset: number;
  /** Index of the row. */
  readonly row: number;
}

export function windowsOf(rows: readonly SpanRow[], tokenizer: SpanTokenizer, maxLength: number): Window[] {
  const frame = frameOf(tokenizer);
  const contextPieces = remembering((context) => piecesOf(tokenizer, context));
  return rows.flatMap((row, index) => {
    const head = tokenizer.encode(row.question.trimStart(), '');
    const before = head.inputIds.length - frame.after;
    const room = maxLength - head.inputIds.length;
    if (room < 1) {
      throw new UsageError(messages.questionTooLong(row.id, head.inputIds.length, maxLength), {
        code: 'LEANTUNE_QUESTION_LENGTH',
      });
    }
    const pieces = contextPieces(row.context);
    const step = room - overlapFor(maxLength, room);
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

/** A question that leaves no more room than the windows would share, which `run_qa` refuses, has them share half. */
function overlapFor(maxLength: number, room: number): number {
  const overlap = Math.min(OVERLAP, Math.floor(maxLength / LARGEST_SHARE));
  return overlap < room ? overlap : Math.floor(room / 2);
}

/** What was computed last: the questions on a text follow each other. */
function remembering<Value>(compute: (text: string) => Value): (text: string) => Value {
  let last: { readonly text: string; readonly value: Value } | undefined;
  return (text) => (last?.text === text ? last : (last = { text, value: compute(text) })).value;
}

/** The labels of `run_qa`, which looks for the first of the answers. */
function labelOf({ answers }: SpanRow, pieces: readonly Piece[], offset: number): Int32Array {
  const [answer] = answers;
  if (answer === undefined || pieces.length === 0) return Int32Array.of(0, 0);
  const end = answer.start + answer.text.length;
  if (pieces[0]!.start > answer.start || pieces.at(-1)!.end < end) return Int32Array.of(0, 0);
  const first = pieces.findLastIndex((piece) => piece.start <= answer.start);
  const last = pieces.findIndex((piece) => piece.end >= end);
  return Int32Array.of(offset + first, offset + last);
}
