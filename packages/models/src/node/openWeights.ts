import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
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

/**
 * Opens weights on disk: a `.safetensors` file, a `*.index.json` with its shards, or a folder that holds either.
 * @throws EnvironmentError where there are none, or only a PyTorch pickle; CorruptFileError where they are damaged.
 */
export async function openWeights(path: string): Promise<Safetensors> {
  const file = await weightFileIn(path);
  if (pickle.test(file)) throw pickleRefused(file);
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
  const candidates = [...weightFileNames, 'adapter_model.safetensors', 'pytorch_model.bin'];
  const found = candidates.find((name) => existsSync(join(path, name)));
  if (found === undefined) throw noWeights(join(path, weightFileNames[0]));
  return join(path, found);
}

/** The error for PyTorch's own format, with the command that converts it. */
export function pickleRefused(file: string): EnvironmentError {
  return new EnvironmentError(messages.pickleRefused(file), {
    code: 'LEANTUNE_PICKLE',
    remedy: messages.remedyConvertPickle(basename(file)),
  });
}

function noWeights(file: string): EnvironmentError {
  return new EnvironmentError(messages.weightsAbsent(file), {
    code: 'LEANTUNE_WEIGHTS_ABSENT',
    remedy: messages.remedyPlaceWeights(weightFileNames),
  });
}
