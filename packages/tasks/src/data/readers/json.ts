/** Reader of whole JSON files. */
import { messages } from '../../messages.js';
import { corrupt, readText, type FileDigest } from './lines.js';

export interface JsonFile {
  readonly content: unknown;
  readonly digest: FileDigest;
  /** Line (from 1) on which each record of a file that is one list begins; empty for other files. */
  readonly lines: readonly number[];
}

/** @throws CorruptFileError with file and line for what is no JSON */
export async function readJsonFile(file: string): Promise<JsonFile> {
  const { text, digest } = await readText(file);
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    const reason = (error as Error).message;
    const position = Number(/at position (\d+)/.exec(reason)?.[1] ?? text.length);
    const line = text.slice(0, position).split('\n').length;
    throw corrupt(file, messages.noJson(file, line, reason), 'LEANTUNE_JSON');
  }
  return { content, digest, lines: Array.isArray(content) ? recordLines(text) : [] };
}

/** Lines on which the elements of a top-level list begin; `text` is valid JSON. */
function recordLines(text: string): number[] {
  const lines: number[] = [];
  let depth = 0;
  let line = 1;
  let awaiting = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index]!;
    if (character === '\n') line += 1;
    if (/\s/.test(character)) continue;
    if (awaiting && depth === 1 && character !== ']') lines.push(line);
    awaiting = false;
    if (character === '"') {
      index = endOfString(text, index);
    } else if (character === '[' || character === '{') {
      depth += 1;
      awaiting = depth === 1;
    } else if (character === ']' || character === '}') {
      depth -= 1;
    } else if (character === ',') {
      awaiting = depth === 1;
    }
  }
  return lines;
}

/** Strings hold no line breaks in JSON. */
function endOfString(text: string, start: number): number {
  let index = start + 1;
  while (text[index] !== '"') index += text[index] === '\\' ? 2 : 1;
  return index;
}
