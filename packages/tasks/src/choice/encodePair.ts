/**
 * Context and continuation in tokens as lm-evaluation-harness 0.4.13 cuts them (`_encode_pair`, `tok_encode`): both are
 * encoded together and cut at the length of the context's own encoding.
 */
import type { RowTokenizer } from '../batching/encode.js';

export interface PairOptions {
  /** Whether special tokens are added; undefined: as the tokenizer does by itself. */
  readonly specialTokens?: boolean | undefined;
}

export interface EncodedPair {
  readonly context: readonly number[];
  readonly continuation: readonly number[];
}

/** What Python's `str.rstrip` takes away. */
const trailingSpace = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/u; // eslint-disable-line no-control-regex

/** Where a token crosses the border between the two, the continuation may be empty. */
export function encodePair(
  tokenizer: RowTokenizer,
  context: string,
  continuation: string,
  options: PairOptions = {},
): EncodedPair {
  if (context === '') return afterPrefix(tokenizer, continuation);
  return cutAfter(tokenizer, context, continuation, options);
}

function cutAfter(tokenizer: RowTokenizer, context: string, continuation: string, options: PairOptions): EncodedPair {
  // Spaces at the end of the context belong to the continuation: they begin its first word.
  const spaces = trailingSpace.exec(context)?.[0] ?? '';
  const before = context.slice(0, context.length - spaces.length);
  const ownIds = encode(tokenizer, before, options);
  const ids = encode(tokenizer, before + spaces + continuation, options);
  return { context: ownIds, continuation: ids.slice(ownIds.length) };
}

/** Without a context the token that begins a text stands for it. */
function afterPrefix(tokenizer: RowTokenizer, continuation: string): EncodedPair {
  const { inputIds } = tokenizer.encode(continuation, undefined, { addSpecialTokens: false });
  const prefix = tokenizer.bosTokenId ?? tokenizer.eosTokenId;
  if (prefix === undefined || inputIds[0] === prefix) {
    return { context: inputIds.slice(0, 1), continuation: inputIds.slice(1) };
  }
  return { context: [prefix], continuation: inputIds };
}

function encode(tokenizer: RowTokenizer, text: string, { specialTokens }: PairOptions): readonly number[] {
  const prefix = tokenizer.bosTokenId ?? tokenizer.eosTokenId;
  const begins = prefix === undefined ? undefined : tokenizer.decode?.([prefix]);
  const addSpecialTokens = begins && text.startsWith(begins) ? false : (specialTokens ?? true);
  return tokenizer.encode(text, undefined, { addSpecialTokens }).inputIds;
}
