/** Reader of comma-separated files: RFC 4180 quoting, so that a text may hold commas and line breaks. */
import Papa from 'papaparse';
import { messages } from '../../messages.js';
import { corrupt, readText, type FileDigest } from './lines.js';

/**
 * Calls `onRow` for every row that is not empty, with the line on which it begins.
 * @throws CorruptFileError with file and line for a quotation mark without a partner
 */
export async function readCsv(
  file: string,
  onRow: (cells: readonly string[], line: number) => void,
): Promise<FileDigest> {
  const { text, digest } = await readText(file);
  let line = 1;
  let from = 0;
  Papa.parse<string[]>(text, {
    delimiter: ',',
    quoteChar: '"',
    dynamicTyping: false,
    step: ({ data, errors, meta }) => {
      const [error] = errors;
      if (error !== undefined) {
        const message = messages.badQuotes(file, line, error.message);
        throw corrupt(file, message, 'LEANTUNE_QUOTES', messages.badQuotesRemedy());
      }
      if (data.length > 1 || data[0] !== '') onRow(data, line);
      for (; from < meta.cursor; from++) if (text[from] === '\n') line += 1;
    },
  });
  return digest;
}
