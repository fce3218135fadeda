import { z } from 'zod';
import * as messages from '../messages.js';
import { compilePattern } from './library.js';
import { patternSchema } from './pattern.js';
import { splitBehaviours, splitText } from './split.js';
import type { TextPart } from './split.js';

/** A piece of text, and whether the text that the user gave begins with it. */
export interface Piece {
  readonly text: string;
  readonly isFirst: boolean;
  /** Index of its first unit (UTF-16) in the normalised text; before `floor` for a prefix, NaN where it is not known. */
  readonly start: number;
  /** What stands in the normalised text begins here; a prefix comes from its first character. */
  readonly floor: number;
  /** The text whose bytes `text` writes as characters. */
  readonly source?: string;
}

/** Pieces of text to smaller pieces, in the end words for the model. */
type PreTokenizer = (piece: Piece) => readonly Piece[];

/** GPT-2's split into words, in the regular expressions of the Rust tokenizers. */
const gpt2Words = compilePattern(
  String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
);
const anyWhiteSpace = /\p{White_Space}/gu;
const anyPunctuation = /[!-/:-@[-`{-~\p{P}]/gu;
// \w and \s of Rust's expressions.
const wordsAndSigns =
  /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\p{White_Space}]+/gu;

const byteLevel = z.object({ add_prefix_space: z.boolean().default(true), use_regex: z.boolean().default(true) });
const behaviour = z.enum(splitBehaviours);
const split = z.object({ pattern: patternSchema, behavior: behaviour, invert: z.boolean().default(false) });
const metaspace = z.object({
  replacement: z.string().min(1).default('▁'),
  prepend_scheme: z.enum(['always', 'first', 'never']).default('always'),
  add_prefix_space: z.boolean().nullish(),
  split: z.boolean().nullish(),
});

const builders: Readonly<Record<string, (config: unknown) => PreTokenizer>> = {
  ByteLevel: (config) => {
    const { add_prefix_space: prefix, use_regex: cut } = byteLevel.parse(config);
    return (piece) => {
      const spaced = prefix && !piece.text.startsWith(' ') ? ` ${piece.text}` : piece.text;
      const words = cut ? splitText(spaced, gpt2Words, 'Isolated') : [{ text: spaced, start: 0 }];
      const placed = numbered(words, piece, spaced.length - piece.text.length);
      return placed.map((word) => ({ ...word, text: bytesAsCharacters(word.text), source: word.text }));
    };
  },
  Split: (config) => {
    const { pattern, behavior, invert } = split.parse(config);
    return (piece) => numbered(splitText(piece.text, pattern, behavior, invert), piece);
  },
  Metaspace: (config) => {
    const { replacement, prepend_scheme: given, add_prefix_space: prefix, split: cut } = metaspace.parse(config);
    // Files of older versions say whether there is a prefix, and nothing of a scheme.
    const scheme = prefix === false ? 'never' : given;
    return (piece) => {
      const marked = piece.text.replaceAll(' ', () => replacement);
      const prepends = scheme === 'always' || (scheme === 'first' && piece.isFirst);
      const whole = prepends && !marked.startsWith(replacement) ? replacement + marked : marked;
      const words =
        cut === false ? [{ text: whole, start: 0 }] : splitText(whole, literal(replacement), 'MergedWithNext');
      // A mark longer than the space shifts what follows.
      const added = marked.length === piece.text.length ? whole.length - marked.length : Number.NaN;
      return numbered(words, piece, added);
    };
  },
  Digits: (config) => {
    const { individual_digits: each } = z.object({ individual_digits: z.boolean().default(false) }).parse(config);
    return (piece) => numbered(splitText(piece.text, /\p{N}/gu, each ? 'Isolated' : 'Contiguous'), piece);
  },
  Punctuation: (config) => {
    const { behavior } = z.object({ behavior: behaviour.default('Isolated') }).parse(config);
    return (piece) => numbered(splitText(piece.text, anyPunctuation, behavior), piece);
  },
  Whitespace: () => (piece) => numbered(splitText(piece.text, wordsAndSigns, 'Removed', true), piece),
  WhitespaceSplit: () => (piece) => numbered(splitText(piece.text, anyWhiteSpace, 'Removed'), piece),
  BertPreTokenizer: () => (piece) =>
    numbered(splitText(piece.text, anyWhiteSpace, 'Removed'), piece).flatMap((word) =>
      numbered(splitText(word.text, anyPunctuation, 'Isolated'), word),
    ),
  Sequence: (config) => {
    const { pretokenizers } = z.object({ pretokenizers: z.array(z.unknown()) }).parse(config);
    const steps = pretokenizers.map(createPreTokenizer);
    return (piece) => steps.reduce<readonly Piece[]>((pieces, step) => pieces.flatMap(step), [piece]);
  },
};

/** The `pre_tokenizer` of a tokenizer.json. @throws Error where it is of an unknown kind or lacks something. */
export function createPreTokenizer(config: unknown): PreTokenizer {
  if (config === null || config === undefined) return (piece) => [piece];
  const { type } = config as { readonly type?: unknown };
  if (typeof type === 'string' && Object.hasOwn(builders, type)) return builders[type]!(config);
  throw new Error(messages.componentUnknown('pre_tokenizer', Object.keys(builders), type));
}

/** The parts of a piece that got `added` units in front. Parts of bytes written as characters have no known place. */
function numbered(parts: readonly TextPart[], piece: Piece, added = 0): Piece[] {
  const from = piece.source === undefined ? piece.start - added : Number.NaN;
  return parts.map(({ text, start }, index) => ({
    text,
    isFirst: piece.isFirst && index === 0,
    start: from + start,
    floor: Math.max(piece.floor, piece.start),
  }));
}

function literal(text: string): RegExp {
  return patternSchema.parse({ String: text });
}

/** GPT-2's printable stand-ins for the 256 bytes: Latin-1's visible characters for themselves, the rest from U+0100 on. */
const characterOfByte: readonly string[] = (() => {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const visible = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
    return String.fromCharCode(visible ? byte : next++);
  });
})();

/** The byte that a stand-in means. */
export const byteOfCharacter: ReadonlyMap<string, number> = new Map(characterOfByte.map((each, byte) => [each, byte]));

const encoder = new TextEncoder();

function bytesAsCharacters(word: string): string {
  let out = '';
  for (const byte of encoder.encode(word)) out += characterOfByte[byte]!;
  return out;
}
