/**
 * Streamed reader of tab-separated files as the benchmarks publish them: one row a line, no quoting (a quotation mark
 * is text). papaparse splits blocks of whole lines.
 */
import Papa from 'papaparse';
import { readLineBlocks, type FileDigest, type LineBlock } from './lines.js';

const BYTE_ORDER_MARK = '\uFEFF';

/** Cells of one row and its line in the file, counted from 1. */
type RowHandler = (cells: readonly string[], line: number) => void;

/** Calls `onRow` for every line that is not empty. Throws as `readLineBlocks`. */
export async function readTsv(file: string, onRow: RowHandler): Promise<FileDigest> {
  return readLineBlocks(file, (block) => parseBlock(block, onRow));
}

function parseBlock({ text, firstLine, endsWithLineFeed }: LineBlock, onRow: RowHandler): number {
  // papaparse drops a mark at the start of what it is given: the file's own, and no character of a later block.
  const { data } = Papa.parse<string[]>(firstLine === 1 ? text : BYTE_ORDER_MARK + text, {
    delimiter: '\t',
    newline: '\n',
    quoteChar: '',
    dynamicTyping: false,
    fastMode: true,
  });
  // The line feed at the end of a block leaves one empty row after it.
  const lines = endsWithLineFeed ? data.length - 1 : data.length;
  for (let i = 0; i < lines; i++) {
    const cells = data[i]!;
    const last = cells.length - 1;
    if (cells[last]!.endsWith('\r')) cells[last] = cells[last]!.slice(0, -1);
    if (last === 0 && cells[0] === '') continue;
    onRow(cells, firstLine + i);
  }
  return lines;
}
