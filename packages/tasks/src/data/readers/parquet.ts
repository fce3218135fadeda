/** Reader of Parquet files as the Hugging Face hub serves datasets: one row group after another. */
import { createHash } from 'node:crypto';
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { LeantuneError } from '@leantune/core';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { messages } from '../../messages.js';
import { corrupt, unreadable, type FileDigest } from './lines.js';
import { checkFooter, checkRowGroup, compressors, foreignCompression } from './parquetPages.js';

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
    const codec = foreignCompression(metadata);
    if (codec !== undefined) {
      const message = messages.badParquet(file, messages.parquetCodec(codec, Object.keys(compressors)));
      throw corrupt(file, message, 'LEANTUNE_PARQUET', messages.parquetCodecRemedy());
    }
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
        parsers: { stringFromBytes },
      });
      for (const record of records) {
        row += 1;
        const field = brokenField(record);
        if (field !== undefined) {
          const message = messages.badRecordAt(
            messages.rowOf(file, row),
            messages.fieldProblem(field, messages.noUtf8()),
          );
          throw corrupt(file, message, 'LEANTUNE_INVALID_UTF8', messages.parquetUtf8Remedy());
        }
        onRecord(plain(record) as Record<string, unknown>, row);
      }
    }
  } catch (error) {
    if (error instanceof LeantuneError) throw error;
    throw corrupt(file, messages.badParquet(file, (error as Error).message), 'LEANTUNE_PARQUET');
  }
  return digest;
}

const decoder = new TextDecoder();

/** Stands for a text whose bytes are none: an error out of a column would not be awaited by hyparquet. */
const brokenText = Symbol('invalid UTF-8');

/** hyparquet's own puts U+FFFD for what is no UTF-8. The type of its parsers knows texts alone. */
function stringFromBytes(bytes: Uint8Array | undefined): string {
  // A text that is absent comes as undefined.
  if (bytes === undefined) return bytes as unknown as string;
  return isUtf8(bytes) ? decoder.decode(bytes) : (brokenText as unknown as string);
}

/** Path of the first field of the record that has `brokenText`. */
function brokenField(value: unknown): string | undefined {
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value) || value instanceof Date) {
    return undefined;
  }
  for (const [key, inner] of Object.entries(value)) {
    if (inner === brokenText) return key;
    const below = brokenField(inner);
    if (below !== undefined) return `${key}.${below}`;
  }
  return undefined;
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
