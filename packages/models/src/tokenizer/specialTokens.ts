import { z } from 'zod';
import * as messages from '../messages.js';
import { addedTokenSchema } from './addedTokens.js';
import type { AddedToken } from './addedTokens.js';
import { isTokenId } from './model.js';

/** What lies beside tokenizer.json and names special tokens. */
export interface TokenizerSettings {
  /** Content of tokenizer_config.json. */
  readonly tokenizerConfig?: unknown;
  /** Content of special_tokens_map.json. */
  readonly specialTokensMap?: unknown;
  /** Padding token by its text, where it shall be another than the files name. */
  readonly padToken?: string;
}

/** A special token in tokenizer_config.json or special_tokens_map.json: its text, or an object that holds it. */
const token = z.union([z.string(), z.looseObject({ content: z.string() }).transform((each) => each.content)]);

const specialTokenKeys = [
  'bos_token',
  'eos_token',
  'unk_token',
  'sep_token',
  'pad_token',
  'cls_token',
  'mask_token',
] as const;
type SpecialTokenKey = (typeof specialTokenKeys)[number];

/** The special tokens that the files beside a vocabulary name; the earlier file wins. */
export function namedSpecialTokens(...files: readonly unknown[]): Partial<Record<SpecialTokenKey, string>> {
  const named: Partial<Record<SpecialTokenKey, string>> = {};
  for (const file of files) {
    for (const key of specialTokenKeys) {
      const found = token.safeParse((file as Record<string, unknown> | null | undefined)?.[key]);
      if (found.success) named[key] ??= found.data;
    }
  }
  return named;
}

const listed = z.array(z.unknown()).nullish();
const decoderOfConfig = z.looseObject({ added_tokens_decoder: z.record(z.string(), z.unknown()) });

/**
 * Every added token: those of tokenizer.json, those that only tokenizer_config.json lists, and special tokens that the
 * settings name among the words. A token that is a word of the vocabulary has the word's id.
 */
export function collectAddedTokens(
  ofFile: unknown,
  settings: TokenizerSettings,
  vocabulary: ReadonlyMap<string, number>,
): readonly AddedToken[] {
  const added = new Map<string, AddedToken>();
  const add = (found: unknown, ownId: unknown) => {
    const parsed = addedTokenSchema.parse(found);
    const id = vocabulary.get(parsed.content) ?? ownId;
    if (!isTokenId(id)) throw new Error(messages.tokenIdWrong(parsed.content, ownId));
    if (!added.has(parsed.content)) added.set(parsed.content, { ...parsed, id });
  };
  for (const each of listed.parse(ofFile) ?? []) add(each, (each as { readonly id?: unknown } | null)?.id);
  const inConfig = decoderOfConfig.safeParse(settings.tokenizerConfig);
  for (const [id, each] of Object.entries(inConfig.data?.added_tokens_decoder ?? {})) add(each, Number(id));
  for (const content of Object.values(namedSpecialTokens(settings.tokenizerConfig, settings.specialTokensMap))) {
    if (vocabulary.has(content)) add({ content, special: true }, undefined);
  }
  return [...added.values()];
}

/** What tokenizer.json says about padding. */
const ownPadding = z.looseObject({ padding: z.looseObject({ pad_token: z.string() }) });

/** Usual spellings of the tokens that a folder without tokenizer_config.json does not name. */
const usualSpellings = {
  bos_token: ['<s>', '<|endoftext|>', '<|begin_of_text|>'],
  eos_token: ['</s>', '<|endoftext|>', '<|end_of_text|>'],
  pad_token: ['[PAD]', '<pad>'],
} as const;

/** Ids of the tokens that begin, end and fill a text; undefined where there is none. */
export interface FramingIds {
  readonly padTokenId: number;
  readonly bosTokenId: number | undefined;
  readonly eosTokenId: number | undefined;
}

/**
 * The ids by name: as the files name them, else in the usual spelling among the added tokens. A family without padding
 * token (GPT-2, Llama) pads with the one that ends a text, as its users do; the mask hides it.
 * @throws Error where the padding token, or one that is named, is none.
 */
export function framingIds(
  tokenizerJson: unknown,
  settings: TokenizerSettings,
  added: readonly AddedToken[],
  idOf: (token: string) => number | undefined,
): FramingIds {
  const named = namedSpecialTokens(settings.tokenizerConfig, settings.specialTokensMap);
  const find = (key: keyof typeof usualSpellings): number | undefined => {
    const ownPad = key === 'pad_token' ? ownPadding.safeParse(tokenizerJson).data?.padding.pad_token : undefined;
    const name = named[key] ?? ownPad;
    if (name !== undefined) return idOf(name);
    // Qwen2 says that it has none.
    if ((settings.tokenizerConfig as Record<string, unknown> | undefined)?.[key] === null) return undefined;
    const usual = usualSpellings[key].find((each) => added.some(({ content }) => content === each));
    return usual === undefined ? undefined : idOf(usual);
  };
  const bosTokenId = find('bos_token');
  const eosTokenId = find('eos_token');
  const padName = settings.padToken ?? named.pad_token;
  if (padName !== undefined && idOf(padName) === undefined) throw new Error(messages.tokenAbsent(padName));
  const padTokenId = settings.padToken === undefined ? (find('pad_token') ?? eosTokenId) : idOf(settings.padToken);
  if (padTokenId === undefined) throw new Error(messages.noPadToken());
  return { padTokenId, bosTokenId, eosTokenId };
}
