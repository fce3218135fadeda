import { z } from 'zod';

/** A token that is cut out of the text before anything else is done to it. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Whether it is looked for in normalised text, in its own normalised spelling. */
  readonly normalized: boolean;
  readonly special: boolean;
  /** Whether it takes the white space before it, after it. */
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  /** Whether it is one only where no word touches it. */
  readonly single_word: boolean;
}

const flag = z.boolean().nullish();

/** An added token without its id, as tokenizer_config.json has it. */
export const addedTokenSchema = z
  .looseObject({ content: z.string(), special: flag, normalized: flag, lstrip: flag, rstrip: flag, single_word: flag })
  .transform(({ content, special, normalized, lstrip, rstrip, single_word: single }) => ({
    content,
    special: special ?? false,
    normalized: normalized ?? !(special ?? false),
    lstrip: lstrip ?? false,
    rstrip: rstrip ?? false,
    single_word: single ?? false,
  }));

/** A stretch of text, or an added token in its place, with the white space that it takes. */
export type Section =
  | { readonly text: string; readonly start: number }
  | { readonly id: number; readonly start: number; readonly end: number };

const wordCharacter = String.raw`[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]`;
const startsWithWord = new RegExp(`^${wordCharacter}`, 'u');
const endsWithWord = new RegExp(`${wordCharacter}$`, 'u');
const whiteSpace = /\p{White_Space}/u;

/**
 * Cuts the tokens out of a text: the leftmost first, of several the longest, as `AddedVocabulary::find_matches` of
 * huggingface/tokenizers does. `spelling` is how a token is written in this text.
 */
export function createSplitter(
  tokens: readonly AddedToken[],
  spelling: (token: AddedToken) => string,
): (text: string) => readonly Section[] {
  const bySpelling = new Map(
    tokens.map((token) => [spelling(token), token] as const).filter(([content]) => content !== ''),
  );
  if (bySpelling.size === 0) return (text) => (text === '' ? [] : [{ text, start: 0 }]);
  const longestFirst = [...bySpelling.keys()].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(
    longestFirst.map((each) => each.replace(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`)).join('|'),
    'gu',
  );
  return (text) => {
    const sections: Section[] = [];
    let done = 0;
    const addText = (end: number) => {
      if (end > done) sections.push({ text: text.slice(done, end), start: done });
    };
    for (const match of text.matchAll(pattern)) {
      const token = bySpelling.get(match[0])!;
      let start = match.index;
      let end = start + match[0].length;
      if (token.single_word && touchesWord(text, start, end)) continue;
      while (token.lstrip && start > done && whiteSpace.test(text[start - 1]!)) start -= 1;
      while (token.rstrip && end < text.length && whiteSpace.test(text[end]!)) end += 1;
      addText(start);
      sections.push({ id: token.id, start, end });
      done = Math.max(done, end);
    }
    addText(text.length);
    return sections;
  };
}

/** Two characters of UTF-16 on either side are enough for one of Unicode. */
function touchesWord(text: string, start: number, end: number): boolean {
  return endsWithWord.test(text.slice(Math.max(0, start - 2), start)) || startsWithWord.test(text.slice(end, end + 2));
}
