import { existsSync } from 'node:fs';
import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CorruptFileError, EnvironmentError } from '@leantune/core';
import * as messages from '../messages.js';
import { firstDuplicateKey } from '../safetensors/duplicateKey.js';
import { openSafetensors } from '../safetensors/reader.js';
import type { Safetensors } from '../safetensors/reader.js';
import { openShardedSafetensors } from '../safetensors/sharded.js';
import { safetensorsChunks } from '../safetensors/writer.js';
import type { WritableTensor, WriteOptions } from '../safetensors/writer.js';
import { writeFileAtomically } from './atomicFile.js';
import { openFileSource } from './fileSource.js';
import { readJson } from './readJson.js';

/** Names under which weights lie in a folder, best first. */
export const weightFileNames = ['model.safetensors', 'model.safetensors.index.json'] as const;

/** Names of PyTorch's own files. */
const pickle = /\.(bin|pt|pth|ckpt)$/;

/** What a trainer leaves beside the weights. */
const ofTrainer = /^(training_args|optimizer|scheduler|scaler|rng_state\w*)\./;

/**
 * Opens weights on disk: a `.safetensors` file, a `*.index.json` with its shards, or a folder that holds either.
 * @throws EnvironmentError where there are none, or only a PyTorch pickle; CorruptFileError where they are damaged.
 */
export async function openWeights(path: string): Promise<Safetensors> {
  const file = await weightFileIn(path);
  if (pickle.test(file)) throw pickleRefused(dirname(file), [basename(file)]);
  if (!existsSync(file)) throw noWeights(file);
  if (!file.endsWith('.index.json')) return openSafetensors(await openFileSource(file));
  const index = await readJson(file);
  await refuseDuplicates(file);
  return openShardedSafetensors(index, file, async (shard, tensor) => {
    const shardPath = join(dirname(file), shard);
    if (existsSync(shardPath)) return openFileSource(shardPath);
    const message = messages.shardAbsent(file, shard, tensor);
    throw new CorruptFileError(message, {
      code: 'LEANTUNE_SHARD_ABSENT',
      file,
      remedy: messages.remedyPlaceShard(shard),
    });
  });
}

/** `JSON.parse` keeps the last of two places of a tensor. */
async function refuseDuplicates(file: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  const duplicate = firstDuplicateKey(text);
  if (duplicate === undefined) return;
  const offset = Buffer.byteLength(text.slice(0, duplicate.offset));
  throw new CorruptFileError(messages.duplicateName(file, offset, duplicate.key), {
    code: 'LEANTUNE_SAFETENSORS_INDEX',
    file,
    remedy: messages.remedyDownloadAgain(),
  });
}

/** Writes tensors as one safetensors file, atomically. */
export async function saveSafetensors(
  path: string,
  tensors: Readonly<Record<string, WritableTensor>>,
  options: WriteOptions = {},
): Promise<void> {
  await writeFileAtomically(path, safetensorsChunks(tensors, options));
}

async function weightFileIn(path: string): Promise<string> {
  if (!existsSync(path) || !(await stat(path)).isDirectory()) return path;
  const found = [...weightFileNames, 'adapter_model.safetensors'].find((name) => existsSync(join(path, name)));
  if (found !== undefined) return join(path, found);
  const pickles = await picklesIn(path);
  throw pickles.length > 0 ? pickleRefused(path, pickles) : noWeights(join(path, weightFileNames[0]));
}

/** Names of the files in a folder that hold weights in PyTorch's own format. */
export async function picklesIn(folder: string): Promise<readonly string[]> {
  const found = (await readdir(folder)).filter((name) => pickle.test(name) && !ofTrainer.test(name)).sort();
  const published = found.filter((name) => name.startsWith('pytorch_model'));
  return published.length > 0 ? published : found;
}

/** The error for weights in PyTorch's own format, with the command that converts them. */
export function pickleRefused(folder: string, files: readonly string[]): EnvironmentError {
  // `from_pretrained` knows its own names alone.
  const isPublished = files.every((name) => name.startsWith('pytorch_model'));
  return new EnvironmentError(messages.pickleRefused(join(folder, files[0]!)), {
    code: 'LEANTUNE_PICKLE',
    remedy:
      isPublished && existsSync(join(folder, 'config.json'))
        ? messages.remedyConvertFolder(folder)
        : messages.remedyConvertPickles(folder, files),
  });
}

function noWeights(file: string): EnvironmentError {
  return new EnvironmentError(messages.weightsAbsent(file), {
    code: 'LEANTUNE_WEIGHTS_ABSENT',
    remedy: messages.remedyPlaceWeights(weightFileNames),
  });
}
