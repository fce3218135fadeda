/**
 * Streamed reader of tab-separated files as the benchmarks publish them: one row a line, no quoting (a quotation mark
 * is text), UTF-8 with or without byte order mark, LF or CRLF. papaparse splits blocks of whole lines, so memory holds
 * one block and what the caller keeps, and every row has its line number.
 */
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { CorruptFileError, EnvironmentError } from '@leantune/core';
import Papa from 'papaparse';
import { messages } from '../messages.js';

const BLOCK_BYTES = 1 << 20;
/** No benchmark has longer lines; a larger file without line ends is not a table. */
const LONGEST_LINE_BYTES = 1 << 24;
const LINE_FEED = 0x0a;
const BYTE_ORDER_MARK = '\uFEFF';

export interface FileDigest {
  readonly bytes: number;
  readonly sha256: string;
}

/** Cells of one row and its line in the file, counted from 1. */
export type RowHandler = (cells: readonly string[], line: number) => void;

/**
 * Calls `onRow` for every line that is not empty and returns the file's size and SHA-256.
 * Throws EnvironmentError where the file cannot be read, CorruptFileError (file and line) where it is not UTF-8 or
 * a line is endless, and whatever `onRow` throws.
 */
export async function readTsv(file: string, onRow: RowHandler): Promise<FileDigest> {
  const handle = await openFile(file);
  try {
    const hash = createHash('sha256');
    let bytes = 0;
    let firstLine = 1;
    let rest: Buffer = Buffer.alloc(0);
    for await (const chunk of chunksOf(handle, file)) {
      hash.update(chunk);
      bytes += chunk.length;
      const end = chunk.lastIndexOf(LINE_FEED) + 1;
      if (end === 0) {
        rest = Buffer.concat([rest, chunk]);
        if (rest.length > LONGEST_LINE_BYTES) {
          throw corrupt(file, messages.endlessLine(file, firstLine, LONGEST_LINE_BYTES), 'LEANTUNE_LINE_LENGTH');
        }
        continue;
      }
      firstLine = parseBlock(file, Buffer.concat([rest, chunk.subarray(0, end)]), firstLine, onRow);
      rest = chunk.subarray(end);
    }
    if (rest.length > 0) parseBlock(file, rest, firstLine, onRow);
    return { bytes, sha256: hash.digest('hex') };
  } finally {
    await handle.close();
  }
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r');
  } catch (error) {
    throw unreadable(file, error);
  }
}

async function* chunksOf(handle: FileHandle, file: string): AsyncGenerator<Buffer> {
  for (;;) {
    // A fresh buffer each time: the unfinished last line of a chunk is kept as a view of it.
    const buffer = Buffer.allocUnsafe(BLOCK_BYTES);
    let bytesRead: number;
    try {
      ({ bytesRead } = await handle.read(buffer, 0, BLOCK_BYTES));
    } catch (error) {
      throw unreadable(file, error);
    }
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Parses whole lines, the first of which is line `firstLine` of the file; returns the number of the line after them. */
function parseBlock(file: string, block: Buffer, firstLine: number, onRow: RowHandler): number {
  if (!isUtf8(block)) throw invalidUtf8(file, block, firstLine);
  // papaparse drops a mark at the start of what it is given: the file's own, and no character of a later block.
  const text = block.toString('utf8');
  const { data } = Papa.parse<string[]>(firstLine === 1 ? text : BYTE_ORDER_MARK + text, {
    delimiter: '\t',
    newline: '\n',
    quoteChar: '',
    dynamicTyping: false,
    fastMode: true,
  });
  // The line feed at the end of a block leaves one empty row after it.
  const lines = block.at(-1) === LINE_FEED ? data.length - 1 : data.length;
  for (let i = 0; i < lines; i++) {
    const cells = data[i]!;
    const last = cells.length - 1;
    if (cells[last]!.endsWith('\r')) cells[last] = cells[last]!.slice(0, -1);
    if (last === 0 && cells[0] === '') continue;
    onRow(cells, firstLine + i);
  }
  return firstLine + lines;
}

function invalidUtf8(file: string, block: Buffer, firstLine: number): CorruptFileError {
  let line = firstLine;
  for (let start = 0; start < block.length; line++) {
    const lineFeed = block.indexOf(LINE_FEED, start);
    const end = lineFeed < 0 ? block.length : lineFeed;
    if (!isUtf8(block.subarray(start, end))) break;
    start = end + 1;
  }
  return corrupt(file, messages.invalidUtf8(file, line), 'LEANTUNE_INVALID_UTF8', messages.invalidUtf8Remedy());
}

function corrupt(file: string, message: string, code: string, remedy = messages.restoreFileRemedy()): CorruptFileError {
  return new CorruptFileError(message, { file, code, remedy });
}

function unreadable(file: string, cause: unknown): EnvironmentError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new EnvironmentError(messages.unreadableFile(file, reason), {
    code: 'LEANTUNE_FILE_UNREADABLE',
    remedy: messages.unreadableFileRemedy(),
    cause,
  });
}
