import { CorruptFileError, nearestName } from '@leantune/core';
import { messages } from '../../messages.js';

/** Where a table's columns are: by the names of its first line, or by position (from 0) in a file without a header. */
export type ColumnLayout<Column extends string> =
  | { readonly header: true; readonly columns: Readonly<Record<Column, string>> }
  | { readonly header: false; readonly columns: Readonly<Record<Column, number>>; readonly columnCount: number };

/**
 * Picks the wanted cells of every row of one file, with the column count of each row checked. Feed it the rows in
 * order; it consumes the header itself and then returns undefined. Throws CorruptFileError with file and line.
 */
export class ColumnReader<Column extends string> {
  private columnCount: number | undefined;
  private indices: Readonly<Record<Column, number>> | undefined;

  constructor(
    private readonly file: string,
    private readonly layout: ColumnLayout<Column>,
  ) {
    if (!layout.header) {
      this.columnCount = layout.columnCount;
      this.indices = layout.columns;
    }
  }

  read(cells: readonly string[], line: number): Readonly<Record<Column, string>> | undefined {
    if (this.indices === undefined) {
      this.indices = this.findColumns(cells, line);
      this.columnCount = cells.length;
      return undefined;
    }
    if (cells.length !== this.columnCount) {
      throw new CorruptFileError(messages.columnCount(this.file, line, this.columnCount!, cells.length), {
        file: this.file,
        code: 'LEANTUNE_COLUMN_COUNT',
        remedy: messages.columnCountRemedy(),
      });
    }
    const entries = Object.entries<number>(this.indices).map(([column, index]) => [column, ownText(cells[index]!)]);
    return Object.fromEntries(entries) as Record<Column, string>;
  }

  private findColumns(header: readonly string[], line: number): Record<Column, number> {
    if (!this.layout.header) return this.layout.columns;
    const entries = Object.entries<string>(this.layout.columns).map(([column, name]) => {
      const index = header.indexOf(name);
      if (index < 0) {
        throw new CorruptFileError(messages.missingColumn(this.file, line, name, header, nearestName(name, header)), {
          file: this.file,
          code: 'LEANTUNE_MISSING_COLUMN',
          remedy: messages.missingColumnRemedy(),
        });
      }
      if (header.indexOf(name, index + 1) >= 0) {
        throw new CorruptFileError(messages.doubledColumn(this.file, line, name), {
          file: this.file,
          code: 'LEANTUNE_DOUBLED_COLUMN',
          remedy: messages.missingColumnRemedy(),
        });
      }
      return [column, index];
    });
    return Object.fromEntries(entries) as Record<Column, number>;
  }
}

/** Shorter parts of a string are copies in V8. */
const SHORTEST_SLICE = 13;

/** The same text in memory of its own: V8's part of a string keeps the whole alive, here a block of the file. */
function ownText(text: string): string {
  return text.length < SHORTEST_SLICE ? text : Buffer.from(text).toString();
}
