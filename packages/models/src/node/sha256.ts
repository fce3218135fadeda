import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { CorruptFileError } from '@leantune/core';
import * as messages from '../messages.js';

/** SHA-256 of a file in lower-case hex, read in pieces. */
export async function sha256File(path: string): Promise<string> {
  return digest(createHash('sha256'), path);
}

/** How to know that a file is the right one: its size, and its SHA-256 or the SHA-1 that Git gives its content. */
export type ExpectedFile = { readonly bytes: number } & (
  { readonly sha256: string } | { readonly gitBlobSha1: string }
);

/**
 * What is wrong with the content of a file of the right size; undefined where nothing is. `name` is what the sentence
 * calls it.
 */
export async function contentProblem(path: string, expected: ExpectedFile, name = path): Promise<string | undefined> {
  if ('sha256' in expected) {
    const found = await sha256File(path);
    return found === expected.sha256 ? undefined : messages.fileHashWrong(name, 'SHA-256', expected.sha256, found);
  }
  const found = await digest(createHash('sha1').update(`blob ${expected.bytes}\0`), path);
  const { gitBlobSha1 } = expected;
  return found === gitBlobSha1 ? undefined : messages.fileHashWrong(name, "Git's SHA-1", gitBlobSha1, found);
}

/**
 * Checks a file's size, then its content; returns its SHA-256.
 * @throws CorruptFileError with what was expected and found.
 */
export async function verifyFile(path: string, expected: ExpectedFile, remedy: string): Promise<string> {
  const { size } = await stat(path);
  if (size !== expected.bytes) throw mismatch(path, messages.fileSizeWrong(path, expected.bytes, size), remedy);
  const problem = await contentProblem(path, expected);
  if (problem !== undefined) throw mismatch(path, problem, remedy);
  return 'sha256' in expected ? expected.sha256 : sha256File(path);
}

async function digest(hash: Hash, path: string): Promise<string> {
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

function mismatch(file: string, message: string, remedy: string): CorruptFileError {
  return new CorruptFileError(message, { code: 'LEANTUNE_CHECKSUM', file, remedy });
}
