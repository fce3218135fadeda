import { UsageError } from '@leantune/core';
import type { HostArray } from '@leantune/core';
import * as messages from '../messages.js';
import type { Encoding } from './tokenizer.js';

export interface PadOptions {
  /** Tokens per row: a number, or that of the longest row. */
  readonly length: number | 'longest';
  readonly padTokenId: number;
  /** Where the padding stands; `right` unless told. Decoders that score or continue a text may want it on the left. */
  readonly paddingSide?: 'left' | 'right';
}

/** Rows of equal length, each [rows, length]; padding has mask and type 0. */
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
    const found = encoding.inputIds.length;
    const start = row * length + (options.paddingSide === 'left' ? length - found : 0);
    inputIds.set(encoding.inputIds, start);
    attentionMask.set(encoding.attentionMask, start);
    tokenTypeIds.set(encoding.tokenTypeIds, start);
  });
  const host = (data: Int32Array): HostArray => ({ dtype: 'int32', shape: [encodings.length, length], data });
  return { length, inputIds: host(inputIds), attentionMask: host(attentionMask), tokenTypeIds: host(tokenTypeIds) };
}

function tooLong(row: number, length: number, found: number): UsageError {
  const message = messages.encodingTooLong(row, length, found);
  return new UsageError(message, { code: 'LEANTUNE_ENCODING_TOO_LONG', remedy: messages.remedyEncodingTooLong() });
}
