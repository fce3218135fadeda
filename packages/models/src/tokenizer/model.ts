import { z } from 'zod';
import * as messages from '../messages.js';
import { libraryModels } from './library.js';
import { placeMerges, placeWordPieces } from './offsets.js';
import type { Offset } from './offsets.js';
import { byteOfCharacter } from './preTokenizer.js';

/** Larger ids are taken for damage: an array as long as the largest id is kept. */
const MAX_TOKEN_ID = 10_000_000;

/** WordPiece takes time with the cube of it; published tokenizers have 100. */
const MAX_WORD_LENGTH = 1000;

/** The `model` of a tokenizer.json: one word to the ids of its tokens. */
export interface WordModel {
  readonly type: 'WordPiece' | 'BPE';
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly encodeWord: (word: string) => readonly number[];
  /** Which units of the word its tokens stand for. @throws UsageError where they do not spell it. */
  readonly placeTokens: (word: string, ids: readonly number[]) => readonly Offset[];
}

const text = z.string().nullish();
const flag = z.boolean().nullish();
// The long lists are checked by hand: a schema takes seconds for those of Llama 3.
const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const vocabularySchema = z.custom<object>(isObject, { error: 'expected an object' });
const modelSchema = z.looseObject({ type: text, vocab: vocabularySchema });
const wordPieceSchema = z.object({
  unk_token: z.string().default('[UNK]'),
  continuing_subword_prefix: z.string().default('##'),
  max_input_chars_per_word: z.int().positive().max(MAX_WORD_LENGTH).default(100),
});
const bpeSchema = z.object({
  merges: z.custom<readonly unknown[]>(Array.isArray, { error: 'expected a list' }),
  unk_token: text,
  continuing_subword_prefix: z.literal('').nullish(),
  end_of_word_suffix: text,
  fuse_unk: flag,
  byte_fallback: flag,
  ignore_merges: flag,
  // Merges left out at random: a text has no one encoding then.
  dropout: z.literal(0).nullish(),
});

/** @throws Error where the model is of another kind, or its parts do not fit each other. */
export function createModel(config: unknown): WordModel {
  const type: unknown = isObject(config) ? (config as { readonly type?: unknown }).type : undefined;
  // Before all else: the vocabulary of another kind has another shape.
  if (typeof type === 'string' && !Object.hasOwn(libraryModels, type)) {
    throw new Error(messages.modelKindUnsupported(type, Object.keys(libraryModels)));
  }
  const found = modelSchema.parse(config);
  const vocabulary = new Map<string, number>();
  for (const [token, id] of Object.entries(found.vocab)) {
    if (!isTokenId(id)) throw new Error(messages.tokenIdWrong(token, id));
    vocabulary.set(token, id);
  }
  // Files of older versions do not say which model they hold.
  switch (found.type ?? ('merges' in found ? 'BPE' : 'WordPiece')) {
    case 'WordPiece':
      return createWordPiece(config, vocabulary);
    case 'BPE':
      return createBpe(config, vocabulary);
    default:
      throw new Error(messages.modelKindUnsupported(String(found.type), Object.keys(libraryModels)));
  }
}

export function isTokenId(id: unknown): id is number {
  return Number.isInteger(id) && (id as number) >= 0 && (id as number) <= MAX_TOKEN_ID;
}

function createWordPiece(config: unknown, vocabulary: ReadonlyMap<string, number>): WordModel {
  const settings = wordPieceSchema.parse(config);
  if (!vocabulary.has(settings.unk_token)) throw new Error(messages.tokenAbsent(settings.unk_token));
  const model = new libraryModels.WordPiece({ ...settings, vocab: Object.fromEntries(vocabulary) });
  const spelling = spellingIn(vocabulary);
  return {
    type: 'WordPiece',
    vocabulary,
    encodeWord: (word) => model([word]).map((token) => vocabulary.get(token)!),
    placeTokens: (word, ids) =>
      placeWordPieces(word, ids.map(spelling), settings.unk_token, settings.continuing_subword_prefix),
  };
}

function createBpe(config: unknown, vocabulary: ReadonlyMap<string, number>): WordModel {
  const settings = bpeSchema.parse(config);
  const merges = settings.merges
    .filter((merge) => typeof merge !== 'string' || !merge.startsWith('#version'))
    .map((merge, index) => parseMerge(merge, index, vocabulary));
  const unknown = settings.unk_token ?? undefined;
  const isKnown = unknown !== undefined && vocabulary.has(unknown);
  // Where every byte is a token, nothing is unknown and the name is idle.
  const namesNothing = unknown !== undefined && !isKnown;
  if (namesNothing && ![...byteOfCharacter.keys()].every((each) => vocabulary.has(each))) {
    throw new Error(messages.tokenAbsent(unknown));
  }
  const model = new libraryModels.BPE({
    vocab: Object.fromEntries(vocabulary),
    merges,
    unk_token: isKnown ? unknown : null,
    end_of_word_suffix: settings.end_of_word_suffix ?? null,
    fuse_unk: settings.fuse_unk ?? false,
    byte_fallback: settings.byte_fallback ?? false,
    ignore_merges: settings.ignore_merges ?? false,
  });
  const spelling = spellingIn(vocabulary);
  const rules = {
    unknown,
    fuse: settings.fuse_unk ?? false,
    suffix: settings.end_of_word_suffix ?? '',
    isKnown: (character: string) => vocabulary.has(character),
  };
  return {
    type: 'BPE',
    vocabulary,
    encodeWord: (word) => model([word]).map((token) => vocabulary.get(token)!),
    placeTokens: (word, ids) => placeMerges(word, ids.map(spelling), rules),
  };
}

function spellingIn(vocabulary: ReadonlyMap<string, number>): (id: number) => string {
  let tokens: ReadonlyMap<number, string> | undefined;
  return (id) => (tokens ??= new Map([...vocabulary].map(([token, own]) => [own, token]))).get(id)!;
}

function isPair(value: unknown): value is readonly [string, string] {
  const isToken = (part: unknown) => typeof part === 'string' && part !== '';
  return Array.isArray(value) && value.length === 2 && value.every(isToken);
}

/** Two tokens whose union is a token too. */
function parseMerge(merge: unknown, index: number, vocabulary: ReadonlyMap<string, number>): readonly [string, string] {
  const parts: unknown = typeof merge === 'string' ? merge.split(' ') : merge;
  if (!isPair(parts)) throw new Error(messages.mergeWrong(index, merge));
  const [first, second] = parts;
  for (const token of [first, second, first + second]) {
    if (!vocabulary.has(token)) throw new Error(messages.mergeOutsideVocabulary(index, merge, token));
  }
  return parts;
}
