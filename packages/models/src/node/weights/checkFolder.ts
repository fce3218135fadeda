import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EnvironmentError } from '@leantune/core';
import { z } from 'zod';
import * as messages from '../../messages.js';
import { openWeights, pickleRefused, picklesIn, weightFileNames } from '../openWeights.js';
import { readJson } from '../readJson.js';
import { sha256File, verifyFile } from '../sha256.js';
import type { NamedFile } from './transfer.js';

/** Files of a checkpoint by what they are for; absolute paths. */
export interface CheckpointFiles {
  readonly config: string;
  /** `model.safetensors`, or the index of its shards. */
  readonly weights: string;
  readonly tokenizer?: string;
  readonly tokenizerConfig?: string;
}

export interface CheckedFolder {
  readonly folder: string;
  readonly files: CheckpointFiles;
  /** SHA-256 of every file of the checkpoint, by file name. */
  readonly sha256: Readonly<Record<string, string>>;
}

/** The file that a tokenizer is read from, best first. */
export const tokenizerNames = ['tokenizer.json', 'vocab.txt', 'vocab.json'];
export const besideTokenizer = ['tokenizer_config.json', 'special_tokens_map.json', 'merges.txt'];

/** A path out of the folder, whatever lies there. */
const isElsewhere = (shard: string) => /[\\/]/.test(shard);

/** The files that a checkpoint cannot do without and that are not in the folder. */
export async function missingFiles(folder: string): Promise<readonly string[]> {
  const isThere = (name: string) => existsSync(join(folder, name));
  const config = isThere('config.json') ? [] : ['config.json'];
  const weights = weightFileNames.find(isThere);
  if (weights === undefined) return [...config, weightFileNames[0]];
  const shards = weights.endsWith('.index.json') ? shardNames(await readJson(join(folder, weights))) : [];
  return [...config, ...shards.filter((name) => isElsewhere(name) || !isThere(name))];
}

/** What is known of a published checkpoint's files. */
interface PublishedFiles {
  readonly files: readonly NamedFile[];
}

/**
 * Looks a folder over and takes the SHA-256 of its files. Every file that `published` names and that is there must be the
 * published one.
 * @throws CorruptFileError for a file that differs, EnvironmentError where config or weights are missing.
 */
export async function checkFolder(folder: string, published?: PublishedFiles, remedy?: string): Promise<CheckedFolder> {
  const [missing] = await missingFiles(folder);
  const index = join(folder, weightFileNames[1]);
  // What the index says that is wrong, `openWeights` says best: the shard, and a tensor that lies there.
  if (missing !== undefined && missing !== 'config.json' && existsSync(index)) await (await openWeights(index)).close();
  const pickles = missing === weightFileNames[0] ? await picklesIn(folder) : [];
  if (pickles.length > 0) throw pickleRefused(folder, pickles);
  if (missing !== undefined) {
    throw new EnvironmentError(messages.checkpointFileMissing(folder, missing), {
      code: 'LEANTUNE_CHECKPOINT_INCOMPLETE',
      remedy: messages.remedyPlaceWeights(['config.json', 'model.safetensors', 'tokenizer.json']),
    });
  }
  const weights = weightFileNames.find((name) => existsSync(join(folder, name)))!;
  const tokenizer = tokenizerNames.find((name) => existsSync(join(folder, name)));
  const shards = weights.endsWith('.index.json') ? shardNames(await readJson(join(folder, weights))) : [];
  const names = ['config.json', weights, tokenizer, ...besideTokenizer, ...shards].filter(
    (name) => name !== undefined && existsSync(join(folder, name)),
  ) as string[];
  const sha256: Record<string, string> = {};
  for (const name of names) {
    const expected = published?.files.find((file) => file.name === name);
    const path = join(folder, name);
    sha256[name] =
      expected === undefined
        ? await sha256File(path)
        : await verifyFile(path, expected, remedy ?? messages.remedyDownloadAgain());
  }
  const tokenizerConfig =
    sha256['tokenizer_config.json'] === undefined ? {} : { tokenizerConfig: join(folder, 'tokenizer_config.json') };
  return {
    folder,
    files: {
      config: join(folder, 'config.json'),
      weights: join(folder, weights),
      ...(tokenizer === undefined ? {} : { tokenizer: join(folder, tokenizer) }),
      ...tokenizerConfig,
    },
    sha256,
  };
}

/** The shards that the content of an index names; `openWeights` says what is wrong with it. */
export function shardNames(index: unknown): string[] {
  const found = z.looseObject({ weight_map: z.record(z.string(), z.string()) }).safeParse(index);
  return [...new Set(Object.values(found.data?.weight_map ?? {}))].sort();
}
