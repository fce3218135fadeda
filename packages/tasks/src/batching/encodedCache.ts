/**
 * Encoded splits on disk, so that the next run on the same data need not tokenise again. An entry is named by everything
 * that its content follows from; one that is not whole is thrown away and made anew.
 */
import { createHash, randomUUID } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { cacheFolder } from '@leantune/core/node';
import type { EncodedTask } from '../task/kinds/kind.js';
import { packTask, unpackTask } from './packedTask.js';

/** Fewer are tokenised in a second. */
const FEWEST_ROWS = 5000;
/** Rows that are encoded in any case: what they become is part of the name. */
const SAMPLED_ROWS = 64;
/** Of all entries together; the ones that were not used for the longest time go first. */
const MOST_BYTES = 4 * 2 ** 30;
const HASH_BYTES = 32;
const ENDING = '.encoded';

/** What decides how a tokenizer reads rows, besides the rows and the task's own options. */
export interface EncodingIdentity {
  /** SHA-256 of the tokenizer's file. */
  readonly tokenizerSha256: string;
  /** Identity of the code that encodes: other code finds no entry of this one's. Asked only where there are many rows. */
  readonly code: () => string;
}

export interface EncodedCacheOptions {
  /** Default: `encoded` in leantune's cache. */
  readonly folder?: string;
  readonly fewestRows?: number;
  readonly mostBytes?: number;
}

/** Where entries lie. */
export function encodedCacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  return join(resolve(cacheFolder(environment)), 'encoded');
}

export class EncodedCache {
  private readonly folder: string;
  private readonly fewestRows: number;
  private readonly mostBytes: number;

  constructor(
    private readonly identity: EncodingIdentity,
    { folder = encodedCacheFolder(), fewestRows = FEWEST_ROWS, mostBytes = MOST_BYTES }: EncodedCacheOptions = {},
  ) {
    this.folder = folder;
    this.fewestRows = fewestRows;
    this.mostBytes = mostBytes;
  }

  /**
   * What `encode` makes of the rows: from the entry if there is one, else kept in one for the next time.
   * @param key what it follows from besides the identity: hash of the rows, task, lengths, names of templates
   */
  read<Row>(key: readonly unknown[], rows: readonly Row[], encode: (rows: readonly Row[]) => EncodedTask): EncodedTask {
    if (rows.length < this.fewestRows) return encode(rows);
    const { tokenizerSha256, code } = this.identity;
    const every = Math.ceil(rows.length / SAMPLED_ROWS);
    // Settings of a tokenizer lie in several files, and a template is code: a sample shows what they come to.
    const sample = hashOf(packTask(encode(rows.filter((_, index) => index % every === 0))));
    const name = hashOf(JSON.stringify([tokenizerSha256, code(), sample.toString('hex'), ...key])).toString('hex');
    const file = join(this.folder, name + ENDING);
    const found = readEntry(file);
    if (found !== undefined) return found;
    const encoded = encode(rows);
    this.write(file, encoded);
    return encoded;
  }

  /** A full disk or a folder that nobody may write into is no reason to stop a run. */
  private write(file: string, encoded: EncodedTask): void {
    const staging = `${file}.${randomUUID()}.incoming`;
    try {
      const content = packTask(encoded);
      if (content.length + HASH_BYTES > this.mostBytes) return;
      mkdirSync(this.folder, { recursive: true });
      this.makeRoom(content.length + HASH_BYTES);
      writeWhole(staging, [hashOf(content), content]);
      renameSync(staging, file);
    } catch {
      attempt(() => rmSync(staging, { force: true }));
    }
  }

  private makeRoom(bytes: number): void {
    const entries = encodedEntries(this.folder).sort((a, b) => a.usedMs - b.usedMs);
    let held = entries.reduce((sum, entry) => sum + entry.bytes, 0);
    for (const entry of entries) {
      if (held + bytes <= this.mostBytes) return;
      rmSync(entry.file, { force: true });
      held -= entry.bytes;
    }
  }
}

/** An entry of the cache, or what an interrupted run left of one. */
export interface CachedEncoding {
  readonly file: string;
  readonly bytes: number;
  readonly usedMs: number;
}

export function encodedEntries(folder = encodedCacheFolder()): CachedEncoding[] {
  return namesIn(folder)
    .filter((name) => name.includes(ENDING))
    .flatMap((name) => {
      const file = join(folder, name);
      const found = statSync(file, { throwIfNoEntry: false });
      return found === undefined ? [] : [{ file, bytes: found.size, usedMs: found.mtimeMs }];
    });
}

/** Removes every entry and answers how many there were, and their bytes. */
export function cleanEncodedCache(folder = encodedCacheFolder()): { readonly entries: number; readonly bytes: number } {
  const entries = encodedEntries(folder);
  for (const { file } of entries) rmSync(file, { force: true });
  return { entries: entries.length, bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0) };
}

const namesIn = (folder: string): string[] => attempt(() => readdirSync(folder)) ?? [];

/** Undefined where the system refuses: the cache may be somebody else's, or read-only. */
function attempt<Result>(action: () => Result): Result | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

/** Undefined where there is none that is whole. */
function readEntry(file: string): EncodedTask | undefined {
  const content = attempt(() => readFileSync(file));
  if (content === undefined) return undefined;
  const packed = content.subarray(HASH_BYTES);
  if (!hashOf(packed).equals(content.subarray(0, HASH_BYTES))) {
    attempt(() => rmSync(file, { force: true }));
    return undefined;
  }
  const now = new Date();
  attempt(() => utimesSync(file, now, now)); // used: the last one to make room
  return unpackTask(packed);
}

function writeWhole(file: string, parts: readonly Uint8Array[]): void {
  const descriptor = openSync(file, 'wx');
  try {
    for (const part of parts) {
      for (let written = 0; written < part.length;) written += writeSync(descriptor, part, written);
    }
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const hashOf = (content: string | Uint8Array): Buffer => createHash('sha256').update(content).digest();
