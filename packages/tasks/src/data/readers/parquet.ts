/** Reader of Parquet files as the Hugging Face hub serves datasets: one row group after another. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { LeantuneError } from '@leantune/core';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { messages } from '../../messages.js';
import { corrupt, unreadable, type FileDigest } from './lines.js';
import { checkFooter, checkRowGroup, compressors } from './parquetPages.js';

/**
 * Calls `onRecord` for every row with its number from 1; 64-bit integers come as numbers. `untyped`: what columns of bytes
 * hold that say nothing about it (old writers leave out that they mean text).
 * @throws CorruptFileError for what is no Parquet file, or is compressed in another way than the hub's Snappy
 */
export async function readParquet(
  file: string,
  onRecord: (record: Readonly<Record<string, unknown>>, row: number) => void,
  untyped: 'text' | 'bytes' = 'text',
): Promise<FileDigest> {
  const digest = await digestOfFile(file);
  try {
    const buffer = await asyncBufferFromFile(file);
    const metadata = await parquetMetadataAsync(buffer);
    checkFooter(metadata);
    let row = 0;
    for (const group of metadata.row_groups) {
      const rows = Number(group.num_rows);
      if (rows === 0) continue;
      await checkRowGroup(buffer, metadata, group);
      const range = { rowStart: row, rowEnd: row + rows };
      const records = await parquetReadObjects({
        file: buffer,
        metadata,
        compressors,
        ...range,
        utf8: untyped === 'text',
      });
      for (const record of records) onRecord(plain(record) as Record<string, unknown>, (row += 1));
    }
  } catch (error) {
    if (error instanceof LeantuneError) throw error;
    throw corrupt(file, messages.badParquet(file, (error as Error).message), 'LEANTUNE_PARQUET');
  }
  return digest;
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value) || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

async function digestOfFile(file: string): Promise<FileDigest> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(file)) {
      hash.update(chunk as Buffer);
      bytes += (chunk as Buffer).length;
    }
  } catch (error) {
    throw unreadable(file, error);
  }
  return { bytes, sha256: hash.digest('hex') };
}
