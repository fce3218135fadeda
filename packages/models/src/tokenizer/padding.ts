import { UsageError } from '@leantune/core';
import type { HostArray } from '@leantune/core';
import * as messages from '../messages.js';
import type { Encoding } from './tokenizer.js';

export interface PadOptions {
  /** Tokens per row: a number, or that of the longest row. */
  readonly length: number | 'longest';
  readonly padTokenId: number;
}

/** Rows of equal length, each [rows, length]; padding has mask and type 0 and stands on the right. */
export interface PaddedEncodings {
  readonly length: number;
  readonly inputIds: HostArray;
  readonly attentionMask: HostArray;
  readonly tokenTypeIds: HostArray;
}

/** @throws UsageError where a row is longer than the given length. */
export function padEncodings(encodings: readonly Encoding[], options: PadOptions): PaddedEncodings {
  const longest = encodings.reduce((most, encoding) => Math.max(most, encoding.inputIds.length), 0);
  const length = options.length === 'longest' ? longest : options.length;
  const inputIds = new Int32Array(encodings.length * length).fill(options.padTokenId);
  const attentionMask = new Int32Array(inputIds.length);
  const tokenTypeIds = new Int32Array(inputIds.length);
  encodings.forEach((encoding, row) => {
    if (encoding.inputIds.length > length) throw tooLong(row, length, encoding.inputIds.length);
    inputIds.set(encoding.inputIds, row * length);
    attentionMask.set(encoding.attentionMask, row * length);
    tokenTypeIds.set(encoding.tokenTypeIds, row * length);
  });
  const host = (data: Int32Array): HostArray => ({ dtype: 'int32', shape: [encodings.length, length], data });
  return { length, inputIds: host(inputIds), attentionMask: host(attentionMask), tokenTypeIds: host(tokenTypeIds) };
}

function tooLong(row: number, length: number, found: number): UsageError {
  const message = messages.encodingTooLong(row, length, found);
  return new UsageError(message, { code: 'LEANTUNE_ENCODING_TOO_LONG', remedy: messages.remedyEncodingTooLong() });
}
