import * as library from '@huggingface/tokenizers';

/** The parts of `@huggingface/tokenizers` that are used here. */
export interface LibraryTokenizer {
  /** Called with every piece of text between added tokens. */
  normalizer: ((text: string) => string) | null;
  encode(text: string, options: { readonly add_special_tokens: boolean }): { readonly ids: number[] };
  decode(
    ids: readonly number[],
    options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean },
  ): string;
  token_to_id(token: string): number | undefined;
  id_to_token(id: number): string | undefined;
  get_vocab(): ReadonlyMap<string, number>;
}

// Its own declarations import each other without file extensions, which TypeScript does not resolve for ES modules.
const constructors = library as unknown as { Tokenizer: new (tokenizer: object, config: object) => LibraryTokenizer };

/** The library's tokenizer for the content of a tokenizer.json. */
export function createLibraryTokenizer(tokenizer: object): LibraryTokenizer {
  return new constructors.Tokenizer(tokenizer, {});
}
