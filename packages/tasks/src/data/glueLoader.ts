/** Loader of GLUE: the archive's tab-separated files, or the hub's Parquet shards of the same rows. */
import { CorruptFileError, nearestName } from '@leantune/core';
import { z } from 'zod';
import { messages } from '../messages.js';
import type { TextRow } from './dataset.js';
import { filledText, isEmptyText } from './emptyText.js';
import { folderLoader, shards, type DatasetLoader, type FileReader, type SplitFiles } from './layout.js';
import { ColumnReader, type ColumnLayout } from './readers/columns.js';
import { readTsv } from './readers/tsv.js';
import { parquet } from './records.js';

type OneText = 'text' | 'label';
type TwoTexts = OneText | 'pair';

/** How the label column is spelled: the classes' spellings in the order of their indices, or the range of the target. */
export type LabelColumn =
  { readonly spellings: readonly string[] } | { readonly minimum: number; readonly maximum: number };

export interface GlueLayout {
  /** Name of the folder in the published archive. */
  readonly folder: string;
  /** Split → file name. */
  readonly files: Readonly<Record<string, string>>;
  readonly layout: ColumnLayout<OneText> | ColumnLayout<TwoTexts>;
  readonly label: LabelColumn;
  /** The hub's copy (nyu-mll/glue): its folder, its fields, and its name of each split. */
  readonly hub?: {
    readonly folder: string;
    readonly text: string;
    readonly pair?: string;
    readonly splits: Readonly<Record<string, string>>;
  };
  /** Rows with an empty text are taken: not all that is published could be read to know that there are none. */
  readonly emptyTexts?: true;
  /** Splits that may be absent. */
  readonly optional?: readonly string[];
}

/** A function that loads every split of the layout from the first data folder that has the task's folder. */
export function glueLoader(layout: GlueLayout): DatasetLoader<TextRow> {
  const { folder, hub, files, optional = [] } = layout;
  const splits = Object.entries(files).map(([split, name]): [string, SplitFiles<TextRow>[]] => [
    split,
    [
      { files: [name], read: tsv(layout) },
      ...(hub === undefined ? [] : shards(hub.splits[split]!, ofHub(layout, hub))),
    ],
  ]);
  const folders = [folder, ...(hub === undefined || hub.folder === folder ? [] : [hub.folder])];
  return folderLoader({
    folders: folders.flatMap((name) => [`glue/${name}`, name]),
    splits: Object.fromEntries(splits),
    optional,
  });
}

function tsv(layout: GlueLayout): FileReader<TextRow> {
  return (file, keep) => {
    const reader = new ColumnReader<TwoTexts>(file, layout.layout as ColumnLayout<TwoTexts>);
    return readTsv(file, (cells, line) => {
      const found = reader.read(cells, line);
      if (found === undefined) return;
      const label = parseLabel(found.label, layout.label, file, line);
      // A task with one text has no `pair` column, whatever the type of the shared reader says.
      const { text, pair } = found as { readonly text: string; readonly pair?: string };
      if (layout.emptyTexts !== true) {
        for (const [column, content] of Object.entries({ text, pair })) {
          if (content !== undefined && isEmptyText(content)) throw emptyText(file, line, layout, column);
        }
      }
      keep(pair === undefined ? { text, label } : { text, pair, label });
    });
  };
}

function ofHub({ label, emptyTexts }: GlueLayout, hub: NonNullable<GlueLayout['hub']>): FileReader<TextRow> {
  const target =
    'spellings' in label
      ? z
          .int()
          .min(0)
          .max(label.spellings.length - 1)
      : z.number().min(label.minimum).max(label.maximum);
  const texts = Object.fromEntries(
    [hub.text, hub.pair]
      .filter((field) => field !== undefined)
      .map((field) => [field, emptyTexts === true ? z.string() : filledText]),
  );
  const exact = 'spellings' in label ? (value: number) => value : publishedDecimal;
  return parquet({
    schema: z.looseObject({ ...texts, label: target }),
    toRow: (record): TextRow => {
      const found = record as Record<string, unknown> & { readonly label: number };
      const text = found[hub.text] as string;
      const label = exact(found.label);
      return hub.pair === undefined ? { text, label } : { text, pair: found[hub.pair] as string, label };
    },
  });
}

/** Digits that tell every 32-bit number from its neighbours, and those that every decimal keeps in one. */
const FLOAT32_DIGITS = 9;
const SHORT_DIGITS = 6;
/** Published quotients have denominators up to this, and as many digits. */
const LARGEST_DENOMINATOR = 15;
const QUOTIENT_DIGITS = 15;

/**
 * The hub has targets as 32-bit numbers, the archive as decimals: what it says for the number, 3.8 for 3.7999999523. A few
 * targets are means of judgements with all digits, 2.11111111111111 for 19/9; else it is the shortest decimal.
 */
function publishedDecimal(value: number): number {
  if (Math.fround(value) !== value) return value;
  const decimals = Array.from({ length: FLOAT32_DIGITS }, (_, index) => Number(value.toPrecision(index + 1)));
  const quotients = Array.from({ length: LARGEST_DENOMINATOR }, (_, index) => {
    const quotient = Math.round(value * (index + 1)) / (index + 1);
    return Number(quotient.toPrecision(QUOTIENT_DIGITS));
  });
  const tried = [...decimals.slice(0, SHORT_DIGITS), ...quotients, ...decimals.slice(SHORT_DIGITS)];
  return tried.find((decimal) => Math.fround(decimal) === value) ?? value;
}

const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

function parseLabel(cell: string, column: LabelColumn, file: string, line: number): number {
  if ('spellings' in column) {
    const index = column.spellings.indexOf(cell);
    if (index >= 0) return index;
    throw badLabel(
      messages.labelOutsideSet(file, line, cell, column.spellings, nearestName(cell, column.spellings)),
      file,
    );
  }
  const value = DECIMAL.test(cell) ? Number(cell) : Number.NaN;
  if (value >= column.minimum && value <= column.maximum) return value;
  throw badLabel(messages.targetOutsideRange(file, line, cell, column.minimum, column.maximum), file);
}

function emptyText(file: string, line: number, { layout }: GlueLayout, field: string): CorruptFileError {
  const column = (layout.columns as Readonly<Record<string, string | number>>)[field];
  return new CorruptFileError(messages.emptyText(file, line, typeof column === 'string' ? column : field), {
    file,
    code: 'LEANTUNE_EMPTY_TEXT',
    remedy: messages.badLabelRemedy(),
  });
}

function badLabel(message: string, file: string): CorruptFileError {
  return new CorruptFileError(message, { file, code: 'LEANTUNE_BAD_LABEL', remedy: messages.badLabelRemedy() });
}
