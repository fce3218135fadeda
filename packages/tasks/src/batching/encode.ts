import type { Tokenizer, Truncation } from '@leantune/models';
import type { TextRow } from '../data/dataset.js';

/** What encoding rows needs of a tokenizer. */
export type RowTokenizer = Pick<Tokenizer, 'padTokenId' | 'encode'> &
  Partial<Pick<Tokenizer, 'bosTokenId' | 'eosTokenId' | 'decode' | 'vocabularySize'>>;

export interface EncodeOptions {
  /** Longest sequence in tokens, special tokens included; longer rows are truncated. */
  readonly maxLength: number;
  /** Which text of a pair loses tokens. Default `longest_first`. */
  readonly truncation?: Truncation;
}

/** One row in tokens; all arrays are [length]. */
export interface EncodedExample {
  readonly inputIds: Int32Array;
  readonly attentionMask: Int32Array;
  /** Absent in language modelling. */
  readonly tokenTypeIds?: Int32Array;
  /** Class or target; the tokens to be learnt [length], -100 for none; or an answer's first and last token [2]. */
  readonly label: number | Int32Array;
}

export function encodeDataset(
  rows: readonly TextRow[],
  tokenizer: RowTokenizer,
  options: EncodeOptions,
): EncodedExample[] {
  const { maxLength, truncation = 'longest_first' } = options;
  return rows.map((row) => {
    const encoding = tokenizer.encode(row.text, row.pair, { maxLength, truncation });
    return {
      inputIds: Int32Array.from(encoding.inputIds),
      attentionMask: Int32Array.from(encoding.attentionMask),
      tokenTypeIds: Int32Array.from(encoding.tokenTypeIds),
      label: row.label,
    };
  });
}
