import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EnvironmentError } from '@leantune/core';
import { z } from 'zod';
import * as messages from '../../messages.js';
import type { ModelManifest } from '../../weights/manifest.js';
import { pickleRefused, weightFileNames } from '../openWeights.js';
import { readJson } from '../readJson.js';
import { sha256File, verifyFile } from '../sha256.js';

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

const tokenizerNames = ['tokenizer.json', 'vocab.txt', 'vocab.json'];
const besideTokenizer = ['tokenizer_config.json', 'special_tokens_map.json', 'merges.txt'];

/** The first file that a checkpoint cannot do without and that is not in the folder. */
export function missingFile(folder: string): string | undefined {
  if (!existsSync(join(folder, 'config.json'))) return 'config.json';
  return weightFileNames.some((name) => existsSync(join(folder, name))) ? undefined : weightFileNames[0];
}

/**
 * Looks a folder over and takes the SHA-256 of its files. With a manifest, every file that it names and that is there must
 * be the published one.
 * @throws CorruptFileError for a file that differs, EnvironmentError where config or weights are missing.
 */
export async function checkFolder(folder: string, manifest?: ModelManifest, remedy?: string): Promise<CheckedFolder> {
  const missing = missingFile(folder);
  const pickle = join(folder, 'pytorch_model.bin');
  if (missing === weightFileNames[0] && existsSync(pickle)) throw pickleRefused(pickle);
  if (missing !== undefined) {
    throw new EnvironmentError(messages.checkpointFileMissing(folder, missing), {
      code: 'LEANTUNE_CHECKPOINT_INCOMPLETE',
      remedy: messages.remedyPlaceWeights(['config.json', 'model.safetensors', 'tokenizer.json']),
    });
  }
  const weights = weightFileNames.find((name) => existsSync(join(folder, name)))!;
  const tokenizer = tokenizerNames.find((name) => existsSync(join(folder, name)));
  const names = ['config.json', weights, tokenizer, ...besideTokenizer, ...(await shardNames(folder, weights))].filter(
    (name) => name !== undefined && existsSync(join(folder, name)),
  ) as string[];
  const sha256: Record<string, string> = {};
  for (const name of names) {
    const published = manifest?.files.find((file) => file.name === name);
    const path = join(folder, name);
    sha256[name] =
      published === undefined
        ? await sha256File(path)
        : await verifyFile(path, published, remedy ?? messages.remedyDownloadAgain());
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

/** Shards named by an index; `openWeights` says what is wrong with them. */
async function shardNames(folder: string, weights: string): Promise<string[]> {
  if (!weights.endsWith('.index.json')) return [];
  const index = z
    .looseObject({ weight_map: z.record(z.string(), z.string()) })
    .safeParse(await readJson(join(folder, weights)));
  return [...new Set(Object.values(index.data?.weight_map ?? {}))].sort();
}
