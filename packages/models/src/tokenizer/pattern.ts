import { z } from 'zod';
import { compilePattern } from './library.js';

/** `pattern` of a component of tokenizer.json: plain text, or an Oniguruma expression. */
export const patternSchema = z.union([
  z.object({ String: z.string().min(1) }).transform(({ String: text }) => new RegExp(escape(text), 'gu')),
  z.object({ Regex: z.string().min(1) }).transform(({ Regex: expression }) => compilePattern(expression)),
]);

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
}

/** What `text` becomes when every match is replaced by `content`, in which nothing has a meaning of its own. */
export function replaceMatches(text: string, pattern: RegExp, content: string): string {
  return text.replace(pattern, () => content);
}
