/** One text or pair as a model takes it; the three arrays have equal lengths. */
export interface Encoding {
  readonly inputIds: number[];
  /** 1 for every token: padding is added later, by `padEncodings`. */
  readonly attentionMask: number[];
  /** Which text a token belongs to: 0 or 1. Families without that (RoBERTa) have 0 everywhere. */
  readonly tokenTypeIds: number[];
}

export type Truncation = 'longest_first' | 'only_first' | 'only_second';

export interface EncodeOptions {
  /** Longest encoding, special tokens included; without it nothing is cut. */
  readonly maxLength?: number;
  /** Which text is cut, at its end; `longest_first` unless told. */
  readonly truncation?: Truncation;
  /** Whether to add the family's `[CLS]`, `</s>` and the like; true unless told. */
  readonly addSpecialTokens?: boolean;
}

/** Token `ids[i]` stands for the characters [offsets[i][0], offsets[i][1]) of the text (UTF-16). */
export interface PlacedTokens {
  readonly ids: readonly number[];
  readonly offsets: readonly (readonly [start: number, end: number])[];
}

export interface DecodeOptions {
  readonly skipSpecialTokens?: boolean;
}

/** Text to token ids and back, equal to Hugging Face's fast tokenizers. */
export interface Tokenizer {
  /** Kind of model: `wordpiece`, `bpe`. */
  readonly kind: string;
  /** Fills short rows; where the family has none of its own, the token that ends a text. */
  readonly padTokenId: number;
  /** Begins a text; undefined in families without (BERT, Qwen2). */
  readonly bosTokenId: number | undefined;
  /** Ends a text; undefined in families without (BERT). */
  readonly eosTokenId: number | undefined;
  /** Number of tokens, added ones included. */
  readonly vocabularySize: number;
  /**
   * @param pair A second text; an empty one still makes a pair.
   * @throws UsageError where the text that `truncation` names cannot make enough room.
   */
  encode(text: string, pair?: string, options?: EncodeOptions): Encoding;
  /**
   * The tokens of a text, without special ones, and which of its characters each stands for: those of Hugging Face's
   * `return_offsets_mapping`, but in units of UTF-16.
   * @throws UsageError where that cannot be known.
   */
  encodeWithOffsets(text: string): PlacedTokens;
  /** The text of token ids, without the clean-up of spaces before punctuation. Unknown ids are left out. */
  decode(ids: readonly number[], options?: DecodeOptions): string;
}
