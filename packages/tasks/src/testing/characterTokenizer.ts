import type { RowTokenizer } from '../batching/encode.js';

/**
 * One token a character (its code point), start 1, separator 2, padding 0: a whole tokenizer whose results can be
 * written down by hand. Pairs are truncated at the longer text first.
 */
export const characterTokenizer: RowTokenizer = {
  padTokenId: 0,
  encode(text, pair, { maxLength = Number.POSITIVE_INFINITY } = {}) {
    const first = Array.from(text, (character) => character.codePointAt(0)!);
    const second = Array.from(pair ?? '', (character) => character.codePointAt(0)!);
    const special = pair === undefined ? 2 : 3;
    while (first.length + second.length + special > maxLength) (first.length >= second.length ? first : second).pop();
    const head = [1, ...first, 2];
    const tail = pair === undefined ? [] : [...second, 2];
    return {
      inputIds: [...head, ...tail],
      attentionMask: [...head, ...tail].map(() => 1),
      tokenTypeIds: [...head.map(() => 0), ...tail.map(() => 1)],
    };
  },
};
