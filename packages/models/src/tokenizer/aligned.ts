/** Text and where in another text each of its characters comes from. */
import { UsageError } from '@leantune/core';
import * as messages from '../messages.js';

/** Unit i of `text` (UTF-16) comes from the units [starts[i], ends[i]) of the text before. */
export interface AlignedText {
  readonly text: string;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** Characters that a normaliser may join or reorder: one with its marks, and Hangul, whose parts compose. */
const CLUSTERS = /(?:[\u1100-\u11ff\ua960-\ua97f\uac00-\ud7ff]+|\P{M})\p{M}*|\p{M}+/gu;

class Builder {
  private readonly parts: string[] = [];
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];

  add(text: string, start: number, end: number): void {
    this.parts.push(text);
    for (let unit = 0; unit < text.length; unit += 1) {
      this.starts.push(start);
      this.ends.push(end);
    }
  }

  /** A stretch as it is: each character comes from itself. */
  keep(text: string, from: number, to = text.length): void {
    let at = from;
    for (const character of text.slice(from, to)) this.add(character, at, (at += character.length));
  }

  done(): AlignedText {
    return { text: this.parts.join(''), starts: this.starts, ends: this.ends };
  }
}

export function unchanged(text: string): AlignedText {
  return stretch(text, 0, text.length);
}

export function stretch(text: string, start: number, end: number): AlignedText {
  const out = new Builder();
  out.keep(text, start, end);
  return out.done();
}

/**
 * For a normaliser that looks no further than from a character to its marks. What several characters become together
 * (U+00E9 of an e and an accent) comes from the first of them, as in huggingface/tokenizers.
 * @throws UsageError where the whole text becomes something else than its parts.
 */
export function alignLocally(text: string, normalize: (text: string) => string): AlignedText {
  const whole = normalize(text);
  if (whole === text) return unchanged(text);
  const out = new Builder();
  for (const { 0: cluster, index } of text.matchAll(CLUSTERS)) {
    const characters = [...cluster];
    const each = characters.map(normalize);
    const together = characters.length === 1 ? each[0]! : normalize(cluster);
    if (each.join('') === together) {
      let at = index;
      each.forEach((became, place) => out.add(became, at, (at += characters[place]!.length)));
    } else out.add(together, index, index + characters[0]!.length);
  }
  const aligned = out.done();
  if (aligned.text !== whole) throw offsetsUnknown(messages.normalizerNotLocal());
  return aligned;
}

/** `content` in place of every match comes from the last character of the match. */
export function alignReplacement(text: string, pattern: RegExp, content: string): AlignedText {
  const out = new Builder();
  let done = 0;
  for (const { 0: match, index } of text.matchAll(pattern)) {
    out.keep(text, done, index);
    done = index + match.length;
    out.add(content, done - lengthOfLast(match), done);
  }
  out.keep(text, done);
  return out.done();
}

/** What stands in front comes from the first character. */
export function alignPrefix(text: string, prefix: string): AlignedText {
  const out = new Builder();
  if (text !== '') out.add(prefix, 0, [...text.slice(0, 2)][0]!.length);
  out.keep(text, 0);
  return out.done();
}

/** Two steps as one: where each character of the second step's text comes from in the text before the first. */
export function chain(first: AlignedText, second: AlignedText): AlignedText {
  return {
    text: second.text,
    starts: second.starts.map((start) => first.starts[start] ?? 0),
    ends: second.ends.map((end) => first.ends[end - 1] ?? 0),
  };
}

export function offsetsUnknown(reason: string): UsageError {
  return new UsageError(messages.offsetsUnknown(reason), {
    code: 'LEANTUNE_TOKEN_OFFSETS',
    remedy: messages.remedyOffsetsUnknown(),
  });
}

function lengthOfLast(text: string): number {
  return [...text.slice(-2)].at(-1)?.length ?? 0;
}
