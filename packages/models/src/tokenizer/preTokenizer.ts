import { z } from 'zod';
import * as messages from '../messages.js';
import { compilePattern } from './library.js';
import { patternSchema } from './pattern.js';
import { splitBehaviours, splitText } from './split.js';

/** A piece of text, and whether the text that the user gave begins with it. */
interface Piece {
  readonly text: string;
  readonly isFirst: boolean;
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
    return ({ text, isFirst }) => {
      const spaced = prefix && !text.startsWith(' ') ? ` ${text}` : text;
      const words = cut ? splitText(spaced, gpt2Words, 'Isolated') : [spaced];
      return numbered(words.map(bytesAsCharacters), isFirst);
    };
  },
  Split: (config) => {
    const { pattern, behavior, invert } = split.parse(config);
    return ({ text, isFirst }) => numbered(splitText(text, pattern, behavior, invert), isFirst);
  },
  Metaspace: (config) => {
    const { replacement, prepend_scheme: given, add_prefix_space: prefix, split: cut } = metaspace.parse(config);
    // Files of older versions say whether there is a prefix, and nothing of a scheme.
    const scheme = prefix === false ? 'never' : given;
    return ({ text, isFirst }) => {
      const marked = text.replaceAll(' ', () => replacement);
      const prepends = scheme === 'always' || (scheme === 'first' && isFirst);
      const whole = prepends && !marked.startsWith(replacement) ? replacement + marked : marked;
      return numbered(cut === false ? [whole] : splitText(whole, literal(replacement), 'MergedWithNext'), isFirst);
    };
  },
  Digits: (config) => {
    const { individual_digits: each } = z.object({ individual_digits: z.boolean().default(false) }).parse(config);
    return ({ text, isFirst }) => numbered(splitText(text, /\p{N}/gu, each ? 'Isolated' : 'Contiguous'), isFirst);
  },
  Punctuation: (config) => {
    const { behavior } = z.object({ behavior: behaviour.default('Isolated') }).parse(config);
    return ({ text, isFirst }) => numbered(splitText(text, anyPunctuation, behavior), isFirst);
  },
  Whitespace:
    () =>
    ({ text, isFirst }) =>
      numbered(splitText(text, wordsAndSigns, 'Removed', true), isFirst),
  WhitespaceSplit:
    () =>
    ({ text, isFirst }) =>
      numbered(splitText(text, anyWhiteSpace, 'Removed'), isFirst),
  BertPreTokenizer:
    () =>
    ({ text, isFirst }) =>
      numbered(
        splitText(text, anyWhiteSpace, 'Removed').flatMap((word) => splitText(word, anyPunctuation, 'Isolated')),
        isFirst,
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

function numbered(texts: readonly string[], isFirst: boolean): Piece[] {
  return texts.map((text, index) => ({ text, isFirst: isFirst && index === 0 }));
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
