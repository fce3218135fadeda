import { ignoredLabel } from '@leantune/core';
import type { EncodedExample } from './encode.js';

/** One row of a language model: `ids`, of which those from `learntFrom` on are learnt and the others are given. */
export function languageExample(ids: readonly number[], learntFrom: number): EncodedExample {
  return {
    inputIds: Int32Array.from(ids),
    attentionMask: new Int32Array(ids.length).fill(1),
    label: Int32Array.from(ids, (id, position) => (position < learntFrom ? ignoredLabel : id)),
  };
}
