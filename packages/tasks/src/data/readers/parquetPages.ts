/**
 * What hyparquet trusts in a Parquet file: sizes and counts of the footer and the page headers, and the runs inside of
 * pages. Damaged ones make it read for ever or fill the memory, which no `catch` sees; so they are checked before.
 */
import type {
  AsyncBuffer,
  ColumnMetaData,
  DataReader,
  FileMetaData,
  PageHeader,
  RowGroup,
  SchemaTree,
} from 'hyparquet';
import { parquetSchema, snappyUncompress } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { decompressPage } from 'hyparquet/src/datapage.js';
import { deltaBinaryUnpack } from 'hyparquet/src/delta.js';
import { readRleBitPackedHybrid } from 'hyparquet/src/encoding.js';
import {
  getMaxDefinitionLevel,
  getMaxRepetitionLevel,
  getPhysicalColumns,
  getTreePath,
  isFlatColumn,
} from 'hyparquet/src/schema.js';
import { readVarInt } from 'hyparquet/src/thrift.js';
import { messages } from '../../messages.js';

/** The hub's compression, for the check and for the reader. */
export const compressors = {
  SNAPPY: (input: Uint8Array, bytes: number): Uint8Array => {
    checkSnappy(input);
    const output = new Uint8Array(bytes);
    snappyUncompress(input, output);
    return output;
  },
};

/** The first compression of the file's columns that cannot be read. */
export function foreignCompression({ row_groups: groups }: FileMetaData): string | undefined {
  const codecs = groups.flatMap(({ columns }) => columns.map(({ meta_data: chunk }) => chunk?.codec));
  return codecs.find((codec) => codec !== undefined && codec !== 'UNCOMPRESSED' && !Object.hasOwn(compressors, codec));
}

/** @throws Error where the row groups do not hold the columns and rows that the footer names */
export function checkFooter({ schema, row_groups: groups, num_rows: total }: FileMetaData): void {
  const columns = getPhysicalColumns(parquetSchema({ schema }));
  // A name that comes twice leaves a column that hyparquet never awaits: its error would end the process.
  expect(new Set(columns).size === columns.length, 'columns');
  for (const { columns: chunks, num_rows: rows } of groups) {
    expect(chunks.length === columns.length && isCount(Number(rows)), 'columns');
    expect(
      chunks.every(({ meta_data: chunk }, index) => chunk?.path_in_schema.join('.') === columns[index]),
      'columns',
    );
  }
  expect(groups.reduce((sum, { num_rows: rows }) => sum + Number(rows), 0) === Number(total), 'rows');
}

/** Checks every page of a row group of a file that `checkFooter` accepts. @throws Error at the first that is damaged */
export async function checkRowGroup(file: AsyncBuffer, metadata: FileMetaData, group: RowGroup): Promise<void> {
  const tree = parquetSchema(metadata);
  for (const { meta_data: chunk } of group.columns) {
    if (chunk === undefined) continue;
    const path = getTreePath(tree, chunk.path_in_schema);
    const [values, rows] = [Number(chunk.num_values), Number(group.num_rows)];
    expect(isFlatColumn(path) ? values === rows : values >= rows && isCount(values), 'rows');
    const start = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
    const end = start + Number(chunk.total_compressed_size);
    expect(start >= 0 && start < end && end <= file.byteLength, 'sizes');
    checkPages(new DataView(await file.slice(start, end)), chunk, path, values);
  }
}

function checkPages(view: DataView<ArrayBuffer>, chunk: ColumnMetaData, path: SchemaTree[], values: number): void {
  const reader = { view, offset: 0 };
  let found = 0;
  // As far as hyparquet reads: a column of lists to the end of its bytes.
  while (reader.offset < view.byteLength - 1 && (!isFlatColumn(path) || found < values)) {
    const header = parquetHeader(reader);
    const { compressed_page_size: bytes, uncompressed_page_size: size } = header;
    expect(isCount(bytes) && isCount(size) && reader.offset + bytes <= view.byteLength, 'sizes');
    found += checkPage(new Uint8Array(view.buffer, reader.offset, bytes), header, chunk, path, values - found);
    reader.offset += bytes;
  }
  expect(found === values, 'rows');
}

/** Answers how many values the page adds to its column. */
function checkPage(
  bytes: Uint8Array,
  header: PageHeader,
  { codec, type }: ColumnMetaData,
  path: SchemaTree[],
  most: number,
): number {
  const { uncompressed_page_size: size } = header;
  const [maxRepetition, maxDefinition] = [getMaxRepetitionLevel(path), getMaxDefinitionLevel(path)];
  if (header.type === 'DICTIONARY_PAGE') {
    const { num_values: count } = header.dictionary_page_header ?? {};
    expect(isCount(count) && count <= size * 8, 'values');
    return 0;
  }
  if (header.type === 'DATA_PAGE') {
    const { num_values: count, encoding } = header.data_page_header ?? {};
    expect(isCount(count) && count <= most, 'values');
    const reader = readerOf(decompressPage(bytes, size, codec, compressors));
    if (maxRepetition > 0) readLevels(reader, maxRepetition, count);
    const set = maxDefinition > 0 ? readLevels(reader, maxDefinition, count) : count;
    // A width of no bits is read as zeroes, without runs.
    const noRuns = reader.offset < reader.view.byteLength && reader.view.getUint8(reader.offset) === 0;
    if (!(noRuns && type !== 'BOOLEAN' && encoding?.endsWith('DICTIONARY'))) checkValues(reader, encoding, type, set);
    return count;
  }
  const v2 = header.type === 'DATA_PAGE_V2' ? header.data_page_header_v2 : undefined;
  expect(v2 !== undefined, 'values');
  const { num_values: count, num_nulls: nulls, num_rows: rows, encoding } = v2;
  const { repetition_levels_byte_length: repetitionBytes, definition_levels_byte_length: definitionBytes } = v2;
  expect(isCount(count) && count <= most && isCount(rows) && rows <= count, 'values');
  expect(isCount(nulls) && nulls <= (maxDefinition > 0 ? count : 0), 'values');
  expect(isCount(repetitionBytes) && isCount(definitionBytes), 'sizes');
  const levelBytes = repetitionBytes + definitionBytes;
  expect(levelBytes <= bytes.length && levelBytes <= size, 'sizes');
  const levels = readerOf(bytes);
  if (maxRepetition > 0) readLevels(levels, maxRepetition, count, repetitionBytes);
  levels.offset = repetitionBytes;
  if (maxDefinition > 0) expect(readLevels(levels, maxDefinition, count, definitionBytes) === count - nulls, 'values');
  const rest = bytes.subarray(levelBytes);
  const page = v2.is_compressed === false ? rest : decompressPage(rest, size - levelBytes, codec, compressors);
  checkValues(readerOf(page), encoding, type, count - nulls);
  return count;
}

function checkValues(reader: DataReader, encoding: string | undefined, type: string, count: number): void {
  switch (encoding) {
    case 'PLAIN':
    case 'BYTE_STREAM_SPLIT':
      return;
    case 'RLE':
    case 'PLAIN_DICTIONARY':
    case 'RLE_DICTIONARY':
      // Booleans have the length of their runs before them, numbers of a dictionary their width in bits.
      if (type === 'BOOLEAN') checkRuns({ ...reader, offset: reader.offset + 4 }, 1, count);
      else checkRuns(reader, reader.view.getUint8(reader.offset++), count);
      return;
    case 'DELTA_BINARY_PACKED':
    case 'DELTA_LENGTH_BYTE_ARRAY':
      checkDeltas(reader, count);
      return;
    case 'DELTA_BYTE_ARRAY': {
      const [prefixes, suffixes] = [new Int32Array(count), new Int32Array(count)];
      for (const lengths of [prefixes, suffixes]) {
        checkDeltas(reader, count);
        deltaBinaryUnpack(reader, count, lengths);
      }
      let previous = 0;
      for (const [index, prefix] of prefixes.entries()) {
        const suffix = suffixes[index]!;
        expect(prefix >= 0 && prefix <= previous && suffix >= 0, 'values');
        previous = prefix + suffix;
      }
      return;
    }
    default:
      expect(false, 'encoding');
  }
}

/** Reads the levels of a page and answers how many are the highest. `bytes`: where no length stands before the runs. */
function readLevels(reader: DataReader, highest: number, count: number, bytes?: number): number {
  const width = 32 - Math.clz32(highest);
  checkRuns({ ...reader, offset: reader.offset + (bytes === undefined ? 4 : 0) }, width, count);
  const levels = new Array<number>(count);
  readRleBitPackedHybrid(reader, width, levels, bytes);
  return levels.reduce((sum, level) => sum + Number(level === highest), 0);
}

/** Runs of one value repeated, or of groups of eight values of `width` bits, that make up `count` values. */
function checkRuns(reader: DataReader, width: number, count: number): void {
  expect(width <= 32, 'runs');
  for (let seen = 0; seen < count;) {
    const header = readVarInt(reader);
    const packed = (header & 1) === 1;
    const values = (header >>> 1) * (packed ? 8 : 1);
    // The last group of eight is filled up.
    expect(seen + values <= count + (packed ? 7 : 0), 'runs');
    seen += values;
    reader.offset += packed ? Math.max(1, (values / 8) * width) : Math.ceil(width / 8);
  }
}

/** The header of numbers that are stored as differences: what is no positive length of blocks leads backwards. */
function checkDeltas({ view, offset }: DataReader, count: number): void {
  if (count === 0) return;
  const reader = { view, offset };
  const [block, miniblocks] = [readVarInt(reader), readVarInt(reader)];
  expect(block > 0 && miniblocks > 0 && block % miniblocks === 0, 'runs');
}

/** Lengths of literals of four bytes above 2³¹ lead `snappyUncompress` backwards. */
function checkSnappy(input: Uint8Array): void {
  if (input.length === 0) return; // a page without values
  let at = 0;
  while (at < input.length && input[at]! >= 128) at++;
  for (at++; at < input.length;) {
    const tag = input[at++]!;
    const kind = tag & 3;
    if (kind > 0) {
      at += [0, 1, 2, 4][kind]!;
      continue;
    }
    const short = tag >>> 2;
    let length = short;
    if (short >= 60) {
      length = 0;
      for (let byte = short - 60; byte >= 0; byte--) length = length * 256 + (input[at + byte] ?? 0);
      at += short - 59;
    }
    at += length + 1;
  }
  expect(at === input.length, 'compression');
}

const readerOf = (bytes: Uint8Array): DataReader & { view: DataView } => ({
  view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  offset: 0,
});

const isCount = (value: number | undefined): value is number => Number.isSafeInteger(value) && value! >= 0;

function expect(condition: boolean, what: Parameters<typeof messages.damagedParquet>[0]): asserts condition {
  if (!condition) throw new Error(messages.damagedParquet(what));
}
