import { CorruptFileError } from '@leantune/core';
import { z } from 'zod';
import * as messages from '../messages.js';
import { absentTensor, openSafetensors } from './reader.js';
import type { Safetensors } from './reader.js';
import type { ByteSource } from './source.js';

const indexFile = z.looseObject({ weight_map: z.record(z.string(), z.string()) });

/**
 * Opens a checkpoint in several files, described by `model.safetensors.index.json`: `index` is that file's parsed
 * content, `openShard` opens a file beside it, for the sake of the tensor that it is given. Every shard is opened, and
 * holds what the index says it does and nothing that another holds.
 * @throws CorruptFileError for an index of another shape, a path out of the folder, a tensor that is not in its shard or
 * in two.
 */
export async function openShardedSafetensors(
  index: unknown,
  indexName: string,
  openShard: (fileName: string, tensor: string) => Promise<ByteSource>,
): Promise<Safetensors> {
  const parsed = indexFile.safeParse(index);
  if (!parsed.success) throw corruptIndex(indexName, messages.indexWithoutMap(indexName));
  const shardOf = new Map(Object.entries(parsed.data.weight_map));
  const shards = new Map<string, Safetensors>();
  const close = async () => {
    for (const shard of shards.values()) await shard.close();
  };
  try {
    for (const [name, fileName] of shardOf) {
      if (shards.has(fileName)) continue;
      if (/[\\/]|^\.*$/.test(fileName)) {
        throw corruptIndex(indexName, messages.shardOutsideFolder(indexName, name, fileName));
      }
      shards.set(fileName, await openSafetensors(await openShard(fileName, name)));
    }
    checkPlaces(shardOf, shards, indexName);
  } catch (error) {
    await close();
    throw error;
  }
  const names = [...shardOf.keys()].sort();
  const shardWith = (name: string): Safetensors => {
    const fileName = shardOf.get(name);
    if (fileName === undefined) throw absentTensor(indexName, name, names);
    return shards.get(fileName)!;
  };
  return {
    names: () => names,
    has: (name) => shardOf.has(name),
    info: (name) => shardWith(name).info(name),
    read: (name) => shardWith(name).read(name),
    readFloat64: (name) => shardWith(name).readFloat64(name),
    metadata: [...shards.values()][0]?.metadata ?? {},
    close,
  };
}

/** Every tensor lies where the index says, and there alone. */
function checkPlaces(
  shardOf: ReadonlyMap<string, string>,
  shards: ReadonlyMap<string, Safetensors>,
  indexName: string,
): void {
  const found = new Map<string, string[]>();
  for (const [fileName, shard] of shards) {
    for (const name of shard.names()) found.set(name, [...(found.get(name) ?? []), fileName]);
  }
  for (const [name, fileName] of shardOf) {
    const places = found.get(name) ?? [];
    if (!places.includes(fileName)) {
      throw corruptIndex(indexName, messages.tensorNotInShard(indexName, name, fileName, places[0]));
    }
    if (places.length > 1) throw corruptIndex(indexName, messages.tensorInTwoShards(indexName, name, places));
  }
}

function corruptIndex(file: string, message: string): CorruptFileError {
  return new CorruptFileError(message, {
    code: 'LEANTUNE_SAFETENSORS_INDEX',
    file,
    remedy: messages.remedyDownloadAgain(),
  });
}
