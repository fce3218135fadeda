/** The likeliest answer of a question over all its windows. */
import type { Window } from './windows.js';

/** Longest answer in tokens, and starts and ends that are tried: those of Hugging Face's `run_qa`. */
const LONGEST_ANSWER = 30;
const BEST = 20;

export interface SpanCandidate {
  readonly score: number;
  /** Characters [start, end) of the text. */
  readonly start: number;
  readonly end: number;
}

/** @param logits [length, 2] of the window: first and last token of the answer */
export function bestSpan({ pieces, offset }: Window, logits: Float32Array): SpanCandidate | undefined {
  const of = (side: number) => pieces.map((_, piece) => logits[2 * (offset + piece) + side]!);
  const starts = of(0);
  const ends = of(1);
  const top = (values: readonly number[]) =>
    values
      .map((_, index) => index)
      .sort((a, b) => values[b]! - values[a]!)
      .slice(0, BEST);
  let best: SpanCandidate | undefined;
  for (const first of top(starts)) {
    for (const last of top(ends)) {
      if (last < first || last - first + 1 > LONGEST_ANSWER) continue;
      const score = starts[first]! + ends[last]!;
      if (best === undefined || score > best.score) {
        best = { score, start: pieces[first]!.start, end: pieces[last]!.end };
      }
    }
  }
  return best;
}
