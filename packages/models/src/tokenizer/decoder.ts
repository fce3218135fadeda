import { z } from 'zod';
import * as messages from '../messages.js';
import { patternSchema, replaceMatches } from './pattern.js';
import { byteOfCharacter } from './preTokenizer.js';

/** Tokens to pieces of text; joined, they are the text. */
export type Decoder = (tokens: readonly string[]) => readonly string[];

const stripSchema = z.object({
  content: z.string().min(1),
  start: z.int().nonnegative(),
  stop: z.int().nonnegative(),
});
const metaspaceSchema = z.object({
  replacement: z.string().min(1).default('▁'),
  prepend_scheme: z.enum(['always', 'first', 'never']).default('always'),
  add_prefix_space: z.boolean().nullish(),
});
const wordPieceSchema = z.object({ prefix: z.string().default('##'), cleanup: z.boolean().default(true) });

const builders: Readonly<Record<string, (config: unknown) => Decoder>> = {
  ByteLevel: () => (tokens) => [new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytesOf(tokens))],
  ByteFallback: () => byteFallback,
  Fuse: () => (tokens) => [tokens.join('')],
  Replace: (config) => {
    const { pattern, content } = z.object({ pattern: patternSchema, content: z.string() }).parse(config);
    return (tokens) => tokens.map((token) => replaceMatches(token, pattern, content));
  },
  Strip: (config) => {
    const { content, start, stop } = stripSchema.parse(config);
    return (tokens) => tokens.map((token) => strip(token, content, start, stop));
  },
  Metaspace: (config) => {
    const { replacement, prepend_scheme: scheme, add_prefix_space: prefix } = metaspaceSchema.parse(config);
    const dropsFirst = scheme !== 'never' && prefix !== false;
    return (tokens) =>
      tokens.map((token, index) => token.replaceAll(replacement, index === 0 && dropsFirst ? '' : ' '));
  },
  WordPiece: (config) => {
    const { prefix, cleanup } = wordPieceSchema.parse(config);
    return (tokens) =>
      tokens.map((token, index) => {
        const continues = prefix !== '' && token.startsWith(prefix);
        const text = index === 0 ? token : continues ? token.slice(prefix.length) : ` ${token}`;
        return cleanup ? cleanUp(text) : text;
      });
  },
  BPEDecoder: (config) => {
    const { suffix } = z.object({ suffix: z.string().min(1).default('</w>') }).parse(config);
    return (tokens) => tokens.map((token, index) => token.replaceAll(suffix, index === tokens.length - 1 ? '' : ' '));
  },
  Sequence: (config) => {
    const steps = z
      .object({ decoders: z.array(z.unknown()) })
      .parse(config)
      .decoders.map(createDecoder);
    return (tokens) => steps.reduce((done, step) => step(done), tokens);
  },
};

/**
 * The `decoder` of a tokenizer.json, as the Rust tokenizers decode; without one, tokens stand between spaces.
 * @throws Error where it is of an unknown kind or lacks something.
 */
export function createDecoder(config: unknown): Decoder {
  if (config === null || config === undefined) return (tokens) => [tokens.join(' ')];
  const { type } = config as { readonly type?: unknown };
  if (typeof type === 'string' && Object.hasOwn(builders, type)) return builders[type]!(config);
  throw new Error(messages.componentUnknown('decoder', Object.keys(builders), type));
}

/** The bytes that byte-level tokens stand for; a token with any other character stands for itself. */
function bytesOf(tokens: readonly string[]): Uint8Array {
  const encoder = new TextEncoder();
  const bytes: number[] = [];
  for (const token of tokens) {
    const own = [...token].map((character) => byteOfCharacter.get(character));
    for (const byte of own.includes(undefined) ? encoder.encode(token) : own) bytes.push(byte!);
  }
  return Uint8Array.from(bytes);
}

/** Runs of `<0x41>` become the text that their bytes spell, or as many U+FFFD where they spell none. */
function byteFallback(tokens: readonly string[]): string[] {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const out: string[] = [];
  let bytes: number[] = [];
  const flush = () => {
    if (bytes.length === 0) return;
    try {
      out.push(decoder.decode(Uint8Array.from(bytes)));
    } catch {
      for (const _ of bytes) out.push('\ufffd');
    }
    bytes = [];
  };
  for (const token of tokens) {
    const byte = /^<0x([0-9a-fA-F]{2})>$/.exec(token);
    if (byte === null) {
      flush();
      out.push(token);
    } else bytes.push(Number.parseInt(byte[1]!, 16));
  }
  flush();
  return out;
}

function strip(token: string, content: string, start: number, stop: number): string {
  const characters = [...token];
  let begin = 0;
  while (begin < start && characters[begin] === content) begin += 1;
  let end = characters.length;
  while (end > begin && characters.length - end < stop && characters[end - 1] === content) end -= 1;
  return characters.slice(begin, end).join('');
}

/** Spaces that English does not write, in the order of the Rust tokenizers. */
const surplus: readonly (readonly [string, string])[] = [
  [' .', '.'],
  [' ?', '?'],
  [' !', '!'],
  [' ,', ','],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [' do not', " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

function cleanUp(text: string): string {
  return surplus.reduce((done, [from, to]) => done.replaceAll(from, to), text);
}
