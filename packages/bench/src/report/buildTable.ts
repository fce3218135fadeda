/** Rows of figures → the table of scores, memory and time. */
import type { DevicePeaks } from '@leantune/core';
import { messages } from '../messages.js';
import { formatMebibytes } from '../units.js';
import { endsOf } from './aggregate.js';
import type { Measured, Row, Score } from './aggregate.js';
import { scoreName, scoreText } from './scoreText.js';
import type { Cell, Column, Table } from './table.js';

interface ColumnOfRows extends Column {
  readonly text: (measured: Measured) => string | undefined;
  /** Smallest wins in bold; absent: nothing to win. */
  readonly smallest?: (measured: Measured) => number | undefined;
  /** Left out where no row has anything in it. */
  readonly optional?: true;
}

const mebibytes = (header: string, bytes: (measured: Measured) => number, contested = false): ColumnOfRows => ({
  header,
  unit: 'MiB',
  align: 'right',
  text: (measured) => formatMebibytes(bytes(measured)),
  ...(contested ? { smallest: bytes } : {}),
});

/** Never in one column with logical bytes, and there only where a row has the figure. */
const deviceColumn = (header: string, bytes: (peaks: DevicePeaks) => number | undefined): ColumnOfRows => {
  const figure = ({ device }: Measured) => device && bytes(device);
  return {
    header,
    unit: 'MiB',
    align: 'right',
    optional: true,
    text: (measured) => {
      const found = figure(measured);
      return found === undefined ? undefined : formatMebibytes(found);
    },
    smallest: figure,
  };
};

const allColumns: readonly ColumnOfRows[] = [
  { header: 'trainable', unit: '%', align: 'right', text: (m) => ((100 * m.trainable) / m.total).toFixed(2) },
  mebibytes('peak', (m) => m.peakBytes, true),
  mebibytes('param.', (m) => m.categories.parameters),
  mebibytes('grad.', (m) => m.categories.gradients),
  mebibytes('optim.', (m) => m.categories.optimizerState),
  mebibytes('activ.', (m) => m.categories.savedActivations),
  mebibytes('batch', (m) => m.categories.batch),
  mebibytes('work', (m) => m.categories.workspace),
  mebibytes('max saved', (m) => m.savedBytes, true),
  deviceColumn('device alloc.', ({ allocatedPeakBytes }) => allocatedPeakBytes),
  deviceColumn('device res.', ({ reservedPeakBytes }) => reservedPeakBytes),
  {
    header: 'step',
    unit: 'ms',
    align: 'right',
    text: (m) => (m.stepMs === undefined ? undefined : m.stepMs.toFixed(m.stepMs < 100 ? 1 : 0)),
    smallest: (m) => m.stepMs,
  },
];

/** Rows of one model and task. */
export interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
}

/** One section per model and task, in order of appearance. */
export function sections(rows: readonly Row[]): Section[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = messages.sectionTitle(row.config.model, row.config.task.name);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups].map(([title, grouped]) => ({ title, rows: grouped }));
}

export function buildTable(section: Section): Table {
  const headline = section.rows.flatMap((row) => row.measured?.scores[0] ?? [])[0];
  const figureColumns = allColumns.filter(
    ({ optional, text }) =>
      optional !== true || section.rows.some(({ measured }) => measured !== undefined && text(measured) !== undefined),
  );
  const best = bestRows(section.rows, headline, figureColumns);
  const name = headline === undefined ? messages.score() : scoreName(headline);
  return {
    title: section.title,
    columns: [
      { header: messages.method(), align: 'left' },
      { header: name, unit: messages.scoreUnit(), align: 'right' },
      ...figureColumns.map(({ header, unit, align }) => ({ header, align, ...(unit === undefined ? {} : { unit }) })),
    ],
    rows: section.rows.map((row) => {
      const { measured } = row;
      const label: Cell = { text: row.stale ? messages.staleLabel(row.label) : row.label };
      if (measured === undefined) {
        const dash: Cell = { text: '—', emphasis: 'quiet' };
        return [label, { text: messages.ends(endsOf(row)), emphasis: 'problem' }, ...figureColumns.map(() => dash)];
      }
      const score = measured.scores[0];
      return [
        label,
        score === undefined
          ? { text: messages.undefinedScore(), emphasis: 'problem' }
          : { text: scoreText(score, score.std), ...(best.score.has(row) ? { emphasis: 'best' } : {}) },
        ...figureColumns.map((column, index): Cell => {
          const text = column.text(measured);
          if (text === undefined) return { text: '—', emphasis: 'quiet' };
          return { text, ...(best.columns[index]?.has(row) ? { emphasis: 'best' } : {}) };
        }),
      ];
    }),
  };
}

function bestRows(rows: readonly Row[], headline: Score | undefined, columns: readonly ColumnOfRows[]) {
  const by = (value: (measured: Measured) => number | undefined): Set<Row> => {
    const entries = rows.flatMap((row) => {
      const found = row.measured === undefined ? undefined : value(row.measured);
      return found === undefined ? [] : [{ row, found }];
    });
    const least = Math.min(...entries.map((entry) => entry.found));
    // Where all are equal, or alone, nobody is best.
    const winners = entries.filter((entry) => entry.found === least);
    return new Set(winners.length === entries.length ? [] : winners.map((entry) => entry.row));
  };
  const sign = headline?.direction === 'lower' ? 1 : -1;
  return {
    score: by((measured) => (measured.scores[0] === undefined ? undefined : sign * measured.scores[0].mean)),
    columns: columns.map((column) => (column.smallest === undefined ? new Set<Row>() : by(column.smallest))),
  };
}
