/** Which characters of a text the tokens of a word stand for, as huggingface/tokenizers has it. */
import * as messages from '../messages.js';
import { offsetsUnknown } from './aligned.js';
import type { AlignedText } from './aligned.js';
import type { WordModel } from './model.js';
import { byteOfCharacter } from './preTokenizer.js';
import type { Piece } from './preTokenizer.js';

/** The units [start, end) of a text (UTF-16). */
export type Offset = readonly [start: number, end: number];

/**
 * Of the text that became `aligned`, the characters of every token of a word. A token that has but some bytes of a
 * character stands for the whole of it.
 * @param index where the pre-tokenizer's text begins in `aligned`
 */
export function placeWord(
  word: Piece,
  ids: readonly number[],
  model: Pick<WordModel, 'placeTokens'>,
  aligned: AlignedText,
  index: number,
): Offset[] {
  if (Number.isNaN(word.start)) throw offsetsUnknown(messages.wordsNotPlaced());
  const units = word.source === undefined ? undefined : unitsOfBytes(word.source);
  const placeOf = (unit: number) => index + Math.max(word.floor, word.start + (units?.[unit] ?? unit));
  return model.placeTokens(word.text, ids).map(([start, end]) => {
    const last = Math.max(start, end - 1);
    return [aligned.starts[placeOf(start)] ?? 0, aligned.ends[placeOf(last)] ?? 0];
  });
}

/** For every byte of a text in UTF-8, the index of its character. */
function unitsOfBytes(text: string): number[] {
  const units: number[] = [];
  let at = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    const bytes = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (let byte = 0; byte < bytes; byte += 1) units.push(at);
    at += character.length;
  }
  return units;
}

/** The tokens of WordPiece: all but the first without their prefix; what is unknown is the whole word. */
export function placeWordPieces(word: string, tokens: readonly string[], unknown: string, prefix: string): Offset[] {
  if (tokens.length === 1 && tokens[0] === unknown) return [[0, word.length]];
  let at = 0;
  const places = tokens.map((token, index): Offset => [at, (at += token.length - (index === 0 ? 0 : prefix.length))]);
  if (at !== word.length) throw offsetsUnknown(messages.wordNotItsTokens(word));
  return places;
}

interface BpeRules {
  readonly unknown: string | undefined;
  readonly fuse: boolean;
  readonly suffix: string;
  readonly isKnown: (character: string) => boolean;
}

/** The tokens of BPE: they spell the word, but for unknown characters and single bytes in the form `<0x41>`. */
export function placeMerges(word: string, tokens: readonly string[], rules: BpeRules): Offset[] {
  let at = 0;
  /** Bytes of the character at `at` that have had their tokens. */
  let bytes = 0;
  const places = tokens.map((token, index): Offset => {
    const isLast = index === tokens.length - 1;
    const own =
      isLast && rules.suffix !== '' && token.endsWith(rules.suffix) ? token.slice(0, -rules.suffix.length) : token;
    if (bytes === 0 && own !== '' && word.startsWith(own, at)) return [at, (at += own.length)];
    const character = String.fromCodePoint(word.codePointAt(at) ?? 0);
    const end = at + character.length;
    if (/^<0x[0-9A-F]{2}>$/.test(token)) {
      const place: Offset = [at, end];
      bytes += 1;
      if (bytes === new TextEncoder().encode(character).length) {
        bytes = 0;
        at = end;
      }
      return place;
    }
    if (token !== rules.unknown) throw offsetsUnknown(messages.wordNotItsTokens(word));
    const start = at;
    at = end;
    while (rules.fuse && at < word.length) {
      const next = String.fromCodePoint(word.codePointAt(at)!);
      if (rules.isKnown(next)) break;
      at += next.length;
    }
    return [start, at];
  });
  if (at !== word.length || bytes !== 0) throw offsetsUnknown(messages.wordNotItsTokens(word));
  return places;
}

/** Whether white space at the ends of a byte-level token is none of its characters. */
export interface Trimming {
  /** The text's first token may have a space that nobody wrote. */
  readonly addsPrefixSpace: boolean;
}

/** What the post-processor says of it; the files that Python makes of a bare vocabulary trim for RoBERTa only. */
export function trimmingOf(processor: unknown, tokenizerConfig: unknown): Trimming | undefined {
  const found = processor as Readonly<Record<string, unknown>> | null | undefined;
  const config = tokenizerConfig as Readonly<Record<string, unknown>> | null | undefined;
  switch (found?.['type']) {
    case 'Sequence': {
      const steps = Array.isArray(found['processors']) ? (found['processors'] as readonly unknown[]) : [];
      return steps.map((step) => trimmingOf(step, tokenizerConfig)).find((step) => step !== undefined);
    }
    case 'RobertaProcessing': {
      if ((config?.['trim_offsets'] ?? found['trim_offsets']) === false) return undefined;
      const prefix = config === null || config === undefined ? found : config;
      return { addsPrefixSpace: prefix['add_prefix_space'] === true };
    }
    case 'ByteLevel':
      return found['trim_offsets'] === true ? { addsPrefixSpace: found['add_prefix_space'] === true } : undefined;
    default:
      return undefined;
  }
}

const isSpace = (character: string): boolean =>
  byteOfCharacter.get(character) === 0x20 || /\p{White_Space}/u.test(character);

/** `process_offsets` of huggingface/tokenizers, which counts code points. */
export function trimOffset(text: string, offset: Offset, token: string, isFirst: boolean, trimming: Trimming): Offset {
  const [start, end] = offset;
  const characters = [...token];
  const first = characters.findIndex((character) => !isSpace(character));
  const leading = first < 0 ? characters.length : first;
  const trailing = characters.length - 1 - characters.findLastIndex((character) => !isSpace(character));
  // Several spaces are the text's own.
  const dropped = leading === 1 && trimming.addsPrefixSpace && (isFirst || start === 0) ? 0 : leading;
  const own = [...text.slice(start, end)];
  const begin = start + lengthOf(own.splice(0, dropped));
  return [begin, trailing === 0 ? end : end - lengthOf(own.slice(-trailing))];
}

const lengthOf = (characters: readonly string[]): number =>
  characters.reduce((sum, character) => sum + character.length, 0);
