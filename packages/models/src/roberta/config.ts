import { ConfigurationError } from '@leantune/core';
import { bertConfig, bertConfigFile, type BertConfig } from '../bert/config.js';
import { parseConfig, tokenId } from '../config/parseConfig.js';
import { noPositionsLeft } from '../messages.js';

/** BERT's keys and defaults, but a padding token that positions are counted from. */
const robertaConfigFile = bertConfigFile.extend({ pad_token_id: tokenId.default(1) });

/** Shape and hyper-parameters of a RoBERTa encoder. */
export interface RobertaConfig extends BertConfig {
  readonly padTokenId: number;
}

/**
 * Reads the content of a `config.json` of RoBERTa.
 * @throws ConfigurationError naming every key that is missing or wrong.
 */
export function parseRobertaConfig(json: unknown, file?: string): RobertaConfig {
  const found = parseConfig(robertaConfigFile, json, file);
  const padTokenId = found.pad_token_id;
  const config = { ...bertConfig(found, file), padTokenId };
  if (maxPositions(config) >= 1) return config;
  throw new ConfigurationError([
    {
      ...(file === undefined ? {} : { file }),
      key: 'max_position_embeddings',
      message: noPositionsLeft(config.positionRows, padTokenId),
      expected: `at least ${padTokenId + 2}`,
    },
  ]);
}

/** The first token of a text stands at padding + 1. */
export function maxPositions({ positionRows, padTokenId }: RobertaConfig): number {
  return positionRows - padTokenId - 1;
}
