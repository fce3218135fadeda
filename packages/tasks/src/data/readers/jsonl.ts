/** Streamed reader of JSON lines: one record a line. */
import { messages } from '../../messages.js';
import { corrupt, readLineBlocks, type FileDigest } from './lines.js';

/**
 * Calls `onRecord` for every line that is not blank.
 * @throws CorruptFileError with file and line for what is no JSON
 */
export async function readJsonl(file: string, onRecord: (record: unknown, line: number) => void): Promise<FileDigest> {
  return readLineBlocks(file, ({ text, firstLine, endsWithLineFeed }) => {
    const lines = (firstLine === 1 ? text.replace(/^\uFEFF/, '') : text).split('\n');
    if (endsWithLineFeed) lines.pop();
    lines.forEach((content, index) => {
      if (content.trim() !== '') onRecord(parse(file, content, firstLine + index), firstLine + index);
    });
    return lines.length;
  });
}

function parse(file: string, content: string, line: number): unknown {
  try {
    return JSON.parse(content);
  } catch (error) {
    throw corrupt(file, messages.noJson(file, line, (error as Error).message), 'LEANTUNE_JSON');
  }
}
