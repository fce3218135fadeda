import * as library from '@huggingface/tokenizers';

/** A model of `@huggingface/tokenizers`: words to tokens. */
interface LibraryModel {
  readonly tokens_to_ids: ReadonlyMap<string, number>;
  readonly vocab: readonly (string | undefined)[];
  readonly unk_token_id: number | undefined;
}

/** The parts of the library that are used here. */
interface Constructors {
  readonly BPE: new (config: object) => LibraryModel & ((words: readonly string[]) => string[]);
  readonly WordPiece: new (config: object) => LibraryModel & ((words: readonly string[]) => string[]);
  readonly SplitPreTokenizer: new (config: object) => { readonly pattern: RegExp };
}

// Its own declarations import each other without file extensions, which TypeScript does not resolve for ES modules.
const { BPE, WordPiece, SplitPreTokenizer } = library as unknown as Constructors;

export const libraryModels = { WordPiece, BPE } as const;

/** An Oniguruma expression, as tokenizer.json has it, in JavaScript, with the flags `gu`. @throws SyntaxError. */
export function compilePattern(onigurumaExpression: string): RegExp {
  return new SplitPreTokenizer({ pattern: { Regex: onigurumaExpression }, invert: true }).pattern;
}
