import { CorruptFileError } from '@leantune/core';
import * as messages from '../messages.js';
import { bytesPerElement, dtypeLayouts, isDtype } from './dtype.js';
import type { SafetensorsDtype } from './dtype.js';
import { firstDuplicateKey } from './duplicateKey.js';
import type { ByteSource } from './source.js';

/** Longest header that is believed; the reference implementation has the same limit. */
const MAX_HEADER_BYTES = 100_000_000;

const OPENING_BRACE = 0x7b;

/** Where a tensor lies: `begin` and `end` count from the start of the file. */
export interface TensorEntry {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads and checks the header of a safetensors file: 8 bytes of little-endian length, JSON, then the data, which the
 * tensors must cover without gap or overlap (https://github.com/huggingface/safetensors#format).
 * @throws CorruptFileError naming the file, the byte offset, what was expected and what was found.
 */
export async function readHeader(source: ByteSource): Promise<SafetensorsHeader> {
  const length = await readHeaderLength(source);
  const bytes = await source.read(8, length);
  return parseHeader(bytes, source.name, source.size);
}

async function readHeaderLength(source: ByteSource): Promise<number> {
  const start = await source.read(0, Math.min(64, source.size));
  const length = start.byteLength < 8 ? NaN : Number(new DataView(start.buffer).getBigUint64(0, true));
  if (length >= 2 && length <= MAX_HEADER_BYTES && 8 + length <= source.size && start[8] === OPENING_BRACE)
    return length;
  // Only what cannot be a header is looked at as something else: a length of 640 starts like a pickle.
  const guise = guiseOf(start, source.name);
  if (guise !== undefined) throw corrupt(source.name, messages.notSafetensors(source.name, guise.is), guise.remedy);
  if (Number.isNaN(length)) throw corrupt(source.name, messages.fileTooShort(source.name, source.size));
  if (length < 2 || length > MAX_HEADER_BYTES || 8 + length > source.size) {
    throw corrupt(source.name, messages.headerLengthWrong(source.name, length, source.size, MAX_HEADER_BYTES));
  }
  throw corrupt(source.name, messages.headerWithoutBrace(source.name, start[8]!));
}

/** What other kinds of file look like that commonly lie where a safetensors file is expected. */
function guiseOf(start: Uint8Array, path: string): { readonly is: string; readonly remedy: string } | undefined {
  const text = String.fromCharCode(...start);
  const name = path.split(/[\\/]/).at(-1)!;
  if (text.startsWith('version https://git-lfs')) return { is: 'a Git LFS pointer', remedy: messages.remedyGitLfs() };
  const oldPickle = start[0] === 0x80 && start[1]! >= 2 && start[1]! <= 5;
  if (text.startsWith('PK\u0003\u0004') || oldPickle) {
    return {
      is: 'a PyTorch pickle',
      remedy: messages.remedyConvertPickles(path.slice(0, -name.length) || '.', [name]),
    };
  }
  if (/^\s*<(!doctype|html)/i.test(text)) return { is: 'a web page', remedy: messages.remedyDownloadAgain() };
  return undefined;
}

/** Checks the header's JSON, `bytes`, against the size of its file. */
function parseHeader(bytes: Uint8Array, file: string, fileSize: number): SafetensorsHeader {
  const dataStart = 8 + bytes.byteLength;
  const json = parseJson(bytes, file);
  const tensors = new Map<string, TensorEntry>();
  let metadata: Readonly<Record<string, string>> = {};
  for (const [name, entry] of Object.entries(json)) {
    if (name === '__metadata__') metadata = parseMetadata(entry, file);
    else tensors.set(name, parseEntry(name, entry, file, dataStart, fileSize));
  }
  checkCoverage(tensors, file, dataStart, fileSize);
  return { tensors, metadata };
}

function parseJson(bytes: Uint8Array, file: string): Record<string, unknown> {
  let text: string;
  let json: Record<string, unknown>;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    // The header begins with a brace: what parses is an object.
    json = JSON.parse(text) as Record<string, unknown>;
  } catch (cause) {
    throw corrupt(file, messages.headerNotJson(file, cause instanceof Error ? cause.message : String(cause)));
  }
  const duplicate = firstDuplicateKey(text);
  if (duplicate !== undefined) {
    const offset = 8 + new TextEncoder().encode(text.slice(0, duplicate.offset)).byteLength;
    throw corrupt(file, messages.duplicateName(file, offset, duplicate.key));
  }
  return json;
}

function parseMetadata(entry: unknown, file: string): Record<string, string> {
  if (!isRecord(entry)) throw corrupt(file, messages.metadataNotText(file, '__metadata__', entry));
  const metadata: Record<string, string> = {};
  for (const [key, value] of Object.entries(entry)) {
    if (typeof value !== 'string') throw corrupt(file, messages.metadataNotText(file, key, value));
    metadata[key] = value;
  }
  return metadata;
}

function parseEntry(name: string, entry: unknown, file: string, dataStart: number, fileSize: number): TensorEntry {
  const wrong = (key: string, expected: string, found: unknown) =>
    corrupt(file, messages.tensorEntryWrong(file, name, key, expected, found));
  if (!isRecord(entry)) throw wrong('entry', 'an object with dtype, shape and data_offsets', entry);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!isDtype(dtype)) throw wrong('dtype', `one of ${Object.keys(dtypeLayouts).join(', ')}`, dtype);
  if (!isSizes(shape)) throw wrong('shape', 'whole numbers from 0 on', shape);
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    throw wrong('data_offsets', '[begin, end] with begin <= end', offsets);
  }
  const bytes = shape.reduce((product, size) => product * size, bytesPerElement(dtype));
  const begin = dataStart + offsets[0]!;
  const end = dataStart + offsets[1]!;
  if (end - begin !== bytes) {
    throw corrupt(file, messages.tensorBytesWrong(file, name, begin, dtype, shape, bytes, end - begin));
  }
  if (end > fileSize) throw corrupt(file, messages.tensorBeyondEnd(file, name, begin, end, fileSize));
  return { dtype, shape, begin, end };
}

/** Every byte of the data belongs to exactly one tensor. */
function checkCoverage(tensors: ReadonlyMap<string, TensorEntry>, file: string, start: number, end: number): void {
  const ordered = [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let covered = start;
  let previous = '';
  for (const [name, entry] of ordered) {
    if (entry.begin < covered) throw corrupt(file, messages.tensorsOverlap(file, entry.begin, name, previous, covered));
    if (entry.begin > covered) throw corrupt(file, messages.gapBeforeTensor(file, covered, name, entry.begin));
    covered = entry.end;
    previous = name;
  }
  if (covered !== end) throw corrupt(file, messages.bytesAfterLastTensor(file, covered, end));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && (size as number) >= 0);
}

function corrupt(file: string, message: string, remedy = messages.remedyDownloadAgain()): CorruptFileError {
  return new CorruptFileError(message, { code: 'LEANTUNE_SAFETENSORS_CORRUPT', file, remedy });
}
