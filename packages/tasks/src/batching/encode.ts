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

/** One text, or pair of texts, in tokens; all arrays are [length]. */
export interface EncodedText {
  readonly inputIds: Int32Array;
  readonly attentionMask: Int32Array;
  /** Absent in language modelling. */
  readonly tokenTypeIds?: Int32Array;
}

/** One row in tokens: a text, or a question with its choices, of which this is the first. */
export interface EncodedExample extends EncodedText {
  /**
   * Class, choice or target; the tokens to be learnt [length], -100 for none; or an answer's first and last token [2].
   */
  readonly label: number | Int32Array;
  readonly otherChoices?: readonly EncodedText[];
}

export function encodeDataset(
  rows: readonly TextRow[],
  tokenizer: RowTokenizer,
  options: EncodeOptions,
): EncodedExample[] {
  return rows.map((row) => ({ ...encodeText(row.text, row.pair, tokenizer, options), label: row.label }));
}

/** A text, or a pair, as a model that reads whole texts takes it. */
export function encodeText(
  text: string,
  pair: string | undefined,
  tokenizer: RowTokenizer,
  { maxLength, truncation = 'longest_first' }: EncodeOptions,
): EncodedText {
  const encoding = tokenizer.encode(text, pair, { maxLength, truncation });
  return {
    inputIds: Int32Array.from(encoding.inputIds),
    attentionMask: Int32Array.from(encoding.attentionMask),
    tokenTypeIds: Int32Array.from(encoding.tokenTypeIds),
  };
}
