import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EnvironmentError } from '@leantune/core';
import * as messages from '../messages.js';
import { tokenizerFromJson } from '../tokenizer/fromJson.js';
import { byteLevelBpeJson, wordPieceJson } from '../tokenizer/fromVocabulary.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { readJson } from './readJson.js';

/**
 * The tokenizer of a checkpoint's folder: `tokenizer.json`, else `vocab.txt` (BERT), else `vocab.json` with `merges.txt`
 * (GPT-2, OPT, RoBERTa). `padToken` is needed only where the folder names none (GPT-2).
 */
export async function loadTokenizer(folder: string, options: { readonly padToken?: string } = {}): Promise<Tokenizer> {
  const path = (name: string) => join(folder, name);
  const optional = async (name: string) => (existsSync(path(name)) ? await readJson(path(name)) : undefined);
  const tokenizerConfig = await optional('tokenizer_config.json');
  const settings = { ...options, tokenizerConfig, specialTokensMap: await optional('special_tokens_map.json') };
  if (existsSync(path('tokenizer.json'))) {
    return tokenizerFromJson(await readJson(path('tokenizer.json')), path('tokenizer.json'), settings);
  }
  if (existsSync(path('vocab.txt'))) {
    const json = wordPieceJson(await readFile(path('vocab.txt'), 'utf8'), path('vocab.txt'), tokenizerConfig);
    return tokenizerFromJson(json, path('vocab.txt'), settings);
  }
  if (existsSync(path('vocab.json')) && existsSync(path('merges.txt'))) {
    const vocab = (await readJson(path('vocab.json'))) as Record<string, number>;
    const json = byteLevelBpeJson(vocab, await readFile(path('merges.txt'), 'utf8'), tokenizerConfig);
    return tokenizerFromJson(json, path('vocab.json'), settings);
  }
  throw new EnvironmentError(messages.tokenizerFilesAbsent(folder), {
    code: 'LEANTUNE_TOKENIZER_ABSENT',
    remedy: messages.remedyPlaceTokenizer(),
  });
}
