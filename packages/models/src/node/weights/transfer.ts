import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as messages from '../../messages.js';
import { contentProblem } from '../sha256.js';
import type { ExpectedFile } from '../sha256.js';
import { BrokenTransferError, HttpError, WrongBytesError, describeFailure } from './failure.js';

export interface DownloadProgress {
  readonly file: string;
  readonly receivedBytes: number;
  readonly totalBytes: number;
}

/** A file to be downloaded, as messages call it. */
export type NamedFile = ExpectedFile & { readonly name: string };

export interface TransferOptions {
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** Pauses before the second, third, … try of a transfer that broke off. */
  readonly retryDelaysMs?: readonly number[] | undefined;
  /** Longest wait for an answer to begin. */
  readonly connectTimeoutMs?: number | undefined;
  /** Longest wait for the next bytes of an answer. */
  readonly stallTimeoutMs?: number | undefined;
}

const defaultRetryDelaysMs = [500, 1000, 2000, 4000];

/** `fetch` that gives up when no answer begins in time, and throws HttpError for anything but success. */
export async function fetchPatiently(url: string, init: RequestInit, options: TransferOptions): Promise<Response> {
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new DOMException(messages.noAnswer(), 'TimeoutError')),
    options.connectTimeoutMs ?? 5000,
  );
  try {
    const response = await fetch(url, { ...init, signal: controller.signal });
    if (!response.ok) {
      await response.body?.cancel();
      throw new HttpError(response.status, url, response.headers.get('x-error-code') ?? undefined);
    }
    return response;
  } finally {
    clearTimeout(timer);
  }
}

/** Runs a request again while its failures are transient, with growing pauses. */
export async function retrying<T>(action: () => Promise<T>, options: TransferOptions): Promise<T> {
  const delays = options.retryDelaysMs ?? defaultRetryDelaysMs;
  for (let attempt = 0; ; attempt++) {
    try {
      return await action();
    } catch (error) {
      const delay = delays[attempt];
      if (delay === undefined || !describeFailure(error).transient) throw error;
      await sleep(delay);
    }
  }
}

/**
 * Downloads a file whose size and hash are known to `target`. What has come lies in `${target}.incomplete`, also
 * after a failure, and is continued from there; the final name appears only once everything is checked.
 */
export async function downloadVerified(
  url: string,
  target: string,
  expected: NamedFile,
  options: TransferOptions,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const partial = `${target}.incomplete`;
  await mkdir(dirname(target), { recursive: true });
  let restarted = false;
  for (;;) {
    await retrying(() => transfer(url, partial, expected, options, headers), options);
    const problem = await contentProblem(partial, expected, expected.name);
    if (problem === undefined) break;
    await rm(partial, { force: true });
    // The piece of an earlier run may have been the wrong one: once more from the start.
    if (restarted) throw new WrongBytesError(problem);
    restarted = true;
  }
  await rename(partial, target);
}

/** One connection: appends to the partial file what it still lacks. */
async function transfer(
  url: string,
  partial: string,
  expected: NamedFile,
  options: TransferOptions,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const have = await stat(partial).then(
    (found) => found.size,
    () => undefined,
  );
  if (have === expected.bytes) return;
  const from = have !== undefined && have < expected.bytes ? have : 0;
  const range = from === 0 ? {} : { Range: `bytes=${from}-` };
  const response = await fetchPatiently(url, { headers: { ...headers, ...range } }, options);
  // A server without ranges answers 200 with the whole file.
  const start = response.status === 206 ? from : 0;
  const handle = await open(partial, start === 0 ? 'w' : 'a');
  try {
    let received = start;
    for await (const chunk of withStallTimeout(response, options.stallTimeoutMs ?? 30_000)) {
      received += chunk.byteLength;
      if (received > expected.bytes) throw new WrongBytesError(messages.moreBytesThan(expected.name, expected.bytes));
      await handle.writeFile(chunk);
      options.onProgress?.({ file: expected.name, receivedBytes: received, totalBytes: expected.bytes });
    }
    await handle.sync();
    if (received < expected.bytes)
      throw new BrokenTransferError(messages.fileEndsEarly(expected.name, received, expected.bytes - received));
  } finally {
    await handle.close();
  }
}

async function* withStallTimeout(response: Response, timeoutMs: number): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  const reader = response.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  try {
    for (;;) {
      const waiting = new AbortController();
      const stalled = sleep(timeoutMs, undefined, { signal: waiting.signal }).then(() => {
        throw new BrokenTransferError(messages.transferStalled(timeoutMs));
      });
      stalled.catch(() => undefined);
      const next = await Promise.race([reader.read(), stalled]).finally(() => waiting.abort());
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
