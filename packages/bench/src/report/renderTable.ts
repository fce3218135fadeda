/** The table model as terminal text and as Markdown. */
import CliTable3 from 'cli-table3';
import { createColors } from 'picocolors';
import type { Cell, Column, Table } from './table.js';

const headerLines = (column: Column) => [column.header, column.unit ?? ''];

/** Borderless columns, headers in two lines. Without colour, `*` marks the best of a column. */
export function renderTerminal(table: Table, options: { readonly colour: boolean }): string {
  const colours = createColors(options.colour);
  const paint = (cell: Cell): string => {
    if (cell.emphasis === 'best') return options.colour ? colours.bold(cell.text) : `*${cell.text}`;
    if (cell.emphasis === 'problem') return colours.red(cell.text);
    if (cell.emphasis === 'quiet') return colours.dim(cell.text);
    return cell.text;
  };
  const empty = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '' };
  const grid = new CliTable3({
    chars: {
      ...empty,
      'bottom-left': '',
      'bottom-right': '',
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: '  ',
    },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
    colAligns: table.columns.map((column) => column.align),
  });
  for (const line of [0, 1]) grid.push(table.columns.map((column) => colours.dim(headerLines(column)[line] ?? '')));
  grid.push(...table.rows.map((row) => row.map(paint)));
  const lines = grid
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
  return [colours.bold(table.title), '', ...lines].join('\n');
}

export function renderMarkdown(table: Table): string {
  const escape = (text: string) => text.replaceAll('|', '\\|').replaceAll('*', '\\*');
  const cell = ({ text, emphasis }: Cell) => (emphasis === 'best' ? `**${escape(text)}**` : escape(text));
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    `## ${table.title}`,
    '',
    line(table.columns.map(({ header, unit }) => escape(unit === undefined ? header : `${header} (${unit})`))),
    line(table.columns.map((column) => (column.align === 'right' ? '---:' : ':---'))),
    ...table.rows.map((row) => line(row.map(cell))),
  ].join('\n');
}
