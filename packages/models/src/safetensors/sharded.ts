import { CorruptFileError } from '@leantune/core';
import { z } from 'zod';
import * as messages from '../messages.js';
import { absentTensor, openSafetensors } from './reader.js';
import type { Safetensors } from './reader.js';
import type { ByteSource } from './source.js';

const indexFile = z.looseObject({ weight_map: z.record(z.string(), z.string()) });

/**
 * Opens a checkpoint in several files, described by `model.safetensors.index.json`: `index` is that file's parsed
 * content, `openShard` opens a file beside it. Every shard is opened, and holds what the index says it does.
 * @throws CorruptFileError for an index of another shape, a path out of the folder, a tensor that is not in its shard.
 */
export async function openShardedSafetensors(
  index: unknown,
  indexName: string,
  openShard: (fileName: string) => Promise<ByteSource>,
): Promise<Safetensors> {
  const parsed = indexFile.safeParse(index);
  if (!parsed.success) throw corruptIndex(indexName, messages.indexWithoutMap(indexName));
  const shardOf = new Map(Object.entries(parsed.data.weight_map));
  const shards = new Map<string, Safetensors>();
  const close = async () => {
    for (const shard of shards.values()) await shard.close();
  };
  try {
    for (const fileName of [...new Set(shardOf.values())].sort()) {
      if (/[\\/]|^\.*$/.test(fileName)) throw corruptIndex(indexName, messages.shardOutsideFolder(indexName, fileName));
      shards.set(fileName, await openSafetensors(await openShard(fileName)));
    }
    for (const [name, fileName] of shardOf) {
      if (!shards.get(fileName)!.has(name)) {
        throw corruptIndex(indexName, messages.tensorNotInShard(indexName, name, fileName));
      }
    }
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

function corruptIndex(file: string, message: string): CorruptFileError {
  return new CorruptFileError(message, {
    code: 'LEANTUNE_SAFETENSORS_INDEX',
    file,
    remedy: messages.remedyDownloadAgain(),
  });
}
