import { CorruptFileError, UsageError } from '@leantune/core';
import { z } from 'zod';
import * as messages from '../messages.js';
import { bertNormalizer } from './bertNormalizer.js';
import type { BertNormalizerConfig } from './bertNormalizer.js';
import { withUnicodeSpaces } from './byteLevel.js';
import { createLibraryTokenizer } from './library.js';
import { padTokenOf } from './specialTokens.js';
import { parseTemplate } from './template.js';
import type { Template } from './template.js';
import type { EncodeOptions, Encoding, Tokenizer } from './tokenizer.js';
import { keptLengths } from './truncate.js';

/** Larger ids are taken for damage: the library keeps an array as long as the largest id. */
const MAX_TOKEN_ID = 10_000_000;

const tokenizerFile = z.looseObject({
  model: z.looseObject({
    type: z.enum(['WordPiece', 'BPE', 'Unigram']).optional(),
    vocab: z.object({}).loose().or(z.array(z.unknown())),
  }),
  added_tokens: z.array(z.looseObject({ id: z.int(), content: z.string() })).nullish(),
  normalizer: z.looseObject({ type: z.string() }).nullish(),
  pre_tokenizer: z.unknown().optional(),
  post_processor: z.unknown().optional(),
  decoder: z.unknown().optional(),
  padding: z.unknown().optional(),
});

/** What lies beside tokenizer.json and names special tokens. */
export interface TokenizerSettings {
  /** Content of tokenizer_config.json. */
  readonly tokenizerConfig?: unknown;
  /** Content of special_tokens_map.json. */
  readonly specialTokensMap?: unknown;
  /** Padding token by its text; needed only for families that name none (GPT-2). */
  readonly padToken?: string;
}

/**
 * A tokenizer from the content of a tokenizer.json. The truncation and padding that such a file may carry are not used.
 * @throws CorruptFileError where the content is no tokenizer, or a kind that is not known.
 */
export function tokenizerFromJson(json: unknown, file: string, settings: TokenizerSettings = {}): Tokenizer {
  try {
    return build(json, settings);
  } catch (cause) {
    const reason =
      cause instanceof z.ZodError ? z.prettifyError(cause).replaceAll(/\s+/g, ' ') : (cause as Error).message;
    const message = messages.tokenizerFileWrong(file, reason);
    throw new CorruptFileError(message, {
      code: 'LEANTUNE_TOKENIZER',
      file,
      remedy: messages.remedyDownloadAgain(),
      cause,
    });
  }
}

function build(json: unknown, settings: TokenizerSettings): Tokenizer {
  const found = tokenizerFile.parse(json);
  checkIds(found.model.vocab, found.added_tokens ?? []);
  const template = parseTemplate(found.post_processor);
  // Files of older versions do not say which model they hold.
  const type =
    found.model.type ?? ('merges' in found.model ? 'BPE' : Array.isArray(found.model.vocab) ? 'Unigram' : 'WordPiece');
  const library = createLibraryTokenizer({
    model: { ...found.model, type },
    added_tokens: found.added_tokens ?? [],
    normalizer: found.normalizer ?? null,
    pre_tokenizer: withUnicodeSpaces(found.pre_tokenizer) ?? null,
    decoder: found.decoder ?? null,
    // Special tokens, token types and truncation are ours: see `template.ts` and `truncate.ts`.
    post_processor: null,
  });
  if (found.normalizer?.type === 'BertNormalizer') {
    library.normalizer = bertNormalizer(found.normalizer as BertNormalizerConfig);
  }
  const padToken = settings.padToken ?? padTokenOf(found, settings);
  const padTokenId = library.token_to_id(padToken);
  if (padTokenId === undefined) throw new Error(messages.tokenAbsent(padToken));
  const idsOf = (text: string): number[] => library.encode(text, { add_special_tokens: false }).ids;
  return {
    kind: type.toLowerCase(),
    padTokenId,
    vocabularySize: library.get_vocab().size,
    encode: (text, pair, options = {}) =>
      assemble(template, idsOf(text), pair === undefined ? undefined : idsOf(pair), options),
    decode: (ids, options = {}) => {
      const known = ids.filter((id) => library.id_to_token(id) !== undefined);
      if (known.length === 0) return '';
      const skip = { skip_special_tokens: options.skipSpecialTokens ?? false, clean_up_tokenization_spaces: false };
      return library.decode(known, skip);
    },
  };
}

function assemble(template: Template, first: number[], second: number[] | undefined, options: EncodeOptions): Encoding {
  const { maxLength, truncation = 'longest_first', addSpecialTokens = true } = options;
  const pieces = (second === undefined ? template.single : template.pair).filter(
    (piece) => addSpecialTokens || 'text' in piece,
  );
  const special = pieces.reduce((sum, piece) => sum + ('text' in piece ? 0 : piece.specialIds.length), 0);
  if (maxLength !== undefined) {
    if (maxLength < special) throw tooSmall(maxLength, special);
    const [keptFirst, keptSecond] = keptLengths(first.length, second?.length, maxLength - special, truncation);
    first.length = keptFirst;
    if (second !== undefined) second.length = keptSecond;
  }
  const inputIds: number[] = [];
  const tokenTypeIds: number[] = [];
  for (const piece of pieces) {
    const ids = 'text' in piece ? (piece.text === 'A' ? first : (second ?? [])) : piece.specialIds;
    for (const id of ids) {
      inputIds.push(id);
      tokenTypeIds.push(piece.typeId);
    }
  }
  return { inputIds, attentionMask: new Array<number>(inputIds.length).fill(1), tokenTypeIds };
}

function tooSmall(maxLength: number, special: number): UsageError {
  const message = messages.maxLengthTooSmall(maxLength, special);
  return new UsageError(message, { code: 'LEANTUNE_MAX_LENGTH', remedy: messages.remedyTruncation() });
}

/** Ids of a word list; Unigram lists pieces by position and has nothing to check here. */
function checkIds(vocabulary: object, added: readonly { readonly id: number; readonly content: string }[]): void {
  const listed = Array.isArray(vocabulary) ? [] : Object.entries(vocabulary as Record<string, unknown>);
  for (const [token, id] of [...listed, ...added.map((each) => [each.content, each.id] as const)]) {
    const valid = Number.isInteger(id) && (id as number) >= 0 && (id as number) <= MAX_TOKEN_ID;
    if (!valid) throw new Error(messages.tokenIdWrong(token, id));
  }
}
