import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EnvironmentError } from '@leantune/core';
import * as messages from '../messages.js';
import { tokenizerFromJson } from '../tokenizer/fromJson.js';
import { byteLevelBpeJson, wordPieceJson } from '../tokenizer/fromVocabulary.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { readJson } from './readJson.js';

/** What tokenizer_config.json would say of a family, where there is only the model's config.json to go by. */
const settingsOfFamily: Readonly<Record<string, object>> = {
  roberta: { tokenizer_class: 'RobertaTokenizer' },
  bart: { tokenizer_class: 'BartTokenizer' },
  qwen2: { tokenizer_class: 'Qwen2Tokenizer' },
  opt: { add_bos_token: true, bos_token: '</s>', eos_token: '</s>', unk_token: '</s>', pad_token: '<pad>' },
};

/**
 * The tokenizer of a checkpoint's folder: `tokenizer.json`, else `vocab.txt` (BERT), else `vocab.json` with `merges.txt`
 * (GPT-2, OPT, RoBERTa, BART, Qwen2). `padToken` names another padding token than the folder does.
 * @throws CorruptFileError where a file is damaged, EnvironmentError where there is none.
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
    const family = (await optional('config.json')) as { readonly model_type?: unknown } | null | undefined;
    const known = tokenizerConfig ?? settingsOfFamily[String(family?.model_type)];
    const merges = await readFile(path('merges.txt'), 'utf8');
    const json = byteLevelBpeJson(await readJson(path('vocab.json')), merges, path('vocab.json'), known);
    return tokenizerFromJson(json, path('vocab.json'), { ...settings, tokenizerConfig: known });
  }
  throw new EnvironmentError(messages.tokenizerFilesAbsent(folder), {
    code: 'LEANTUNE_TOKENIZER_ABSENT',
    remedy: existsSync(path('tokenizer.model')) ? messages.remedyConvertTokenizer() : messages.remedyPlaceTokenizer(),
  });
}
