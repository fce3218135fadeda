/**
 * Streamed reading of text files in blocks of whole lines: UTF-8 with or without byte order mark, LF or CRLF. Memory
 * holds one block and what the caller keeps, and every line has its number.
 */
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { CorruptFileError, EnvironmentError } from '@leantune/core';
import { messages } from '../../messages.js';

const BLOCK_BYTES = 1 << 20;
/** No benchmark has longer lines; a larger file without line ends is not a table. */
const LONGEST_LINE_BYTES = 1 << 24;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

export interface FileDigest {
  readonly bytes: number;
  readonly sha256: string;
}

/** Whole lines, the first of which is `firstLine` of the file (counted from 1); the last may lack its line feed. */
export interface LineBlock {
  readonly text: string;
  readonly firstLine: number;
  readonly endsWithLineFeed: boolean;
}

/**
 * Calls `onBlock` for every block, which answers how many lines it had, and returns the file's size and SHA-256.
 * Throws EnvironmentError where the file cannot be read, CorruptFileError (file and line) where it is not UTF-8, its lines
 * end in carriage returns only or a line is endless, and whatever `onBlock` throws.
 */
export async function readLineBlocks(file: string, onBlock: (block: LineBlock) => number): Promise<FileDigest> {
  const handle = await openFile(file);
  try {
    const hash = createHash('sha256');
    let bytes = 0;
    let firstLine = 1;
    let rest: Buffer = Buffer.alloc(0);
    const parse = (block: Buffer): void => {
      if (!isUtf8(block)) throw invalidUtf8(file, block, firstLine);
      const endsWithLineFeed = block.at(-1) === LINE_FEED;
      firstLine += onBlock({ text: block.toString('utf8'), firstLine, endsWithLineFeed });
    };
    for await (const chunk of chunksOf(handle, file)) {
      hash.update(chunk);
      bytes += chunk.length;
      const end = chunk.lastIndexOf(LINE_FEED) + 1;
      if (end === 0) {
        rest = Buffer.concat([rest, chunk]);
        if (rest.length > LONGEST_LINE_BYTES) {
          if (firstLine === 1) refuseCarriageReturns(file, rest);
          throw corrupt(file, messages.endlessLine(file, firstLine, LONGEST_LINE_BYTES), 'LEANTUNE_LINE_LENGTH');
        }
        continue;
      }
      parse(Buffer.concat([rest, chunk.subarray(0, end)]));
      rest = chunk.subarray(end);
    }
    if (rest.length > 0 && firstLine === 1) refuseCarriageReturns(file, rest);
    if (rest.length > 0) parse(rest);
    return { bytes, sha256: hash.digest('hex') };
  } finally {
    await handle.close();
  }
}

/** `text` has no line feed: a carriage return inside of it ends what was meant as a line. */
function refuseCarriageReturns(file: string, text: Buffer): void {
  const at = text.indexOf(CARRIAGE_RETURN);
  if (at < 0 || at === text.length - 1) return;
  throw corrupt(
    file,
    messages.carriageReturnsOnly(file),
    'LEANTUNE_CARRIAGE_RETURNS',
    messages.carriageReturnsOnlyRemedy(),
  );
}

/** A whole file that must be UTF-8, without its byte order mark. */
export async function readText(file: string): Promise<{ readonly text: string; readonly digest: FileDigest }> {
  const { content, digest } = await readWholeFile(file);
  if (!isUtf8(content)) throw invalidUtf8(file, content, 1);
  return { text: content.toString('utf8').replace(/^\uFEFF/, ''), digest };
}

/** @throws EnvironmentError where the file cannot be read */
export async function readWholeFile(file: string): Promise<{ readonly content: Buffer; readonly digest: FileDigest }> {
  const content = await readWhole(file);
  return { content, digest: digestOf(content) };
}

export function digestOf(content: Uint8Array): FileDigest {
  return { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
}

/** @throws EnvironmentError where the file cannot be read */
async function readWhole(file: string): Promise<Buffer> {
  const handle = await openFile(file);
  try {
    return await handle.readFile();
  } catch (error) {
    throw unreadable(file, error);
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

export function corrupt(
  file: string,
  message: string,
  code: string,
  remedy = messages.restoreFileRemedy(),
): CorruptFileError {
  return new CorruptFileError(message, { file, code, remedy });
}

export function unreadable(file: string, cause: unknown): EnvironmentError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new EnvironmentError(messages.unreadableFile(file, reason), {
    code: 'LEANTUNE_FILE_UNREADABLE',
    remedy: messages.unreadableFileRemedy(),
    cause,
  });
}
