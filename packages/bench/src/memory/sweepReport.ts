/** Rows of a sweep of memory as tables, plots and files. */
import type { StepMemory } from '@leantune/core';
import type { TopLevelSpec } from 'vega-lite';
import papaparse from 'papaparse';
import { messages } from '../messages.js';
import { methodStyle } from '../plot/colours.js';
import type { Plot } from '../plot/plot.js';
import { theme } from '../plot/theme.js';
import type { Cell, Table } from '../report/table.js';
import { bytesPerMebibyte, formatMebibytes } from '../units.js';
import { formatMeftGigabytes, placeOf } from './memoryTable.js';
import type { MeasuredRow } from './measureSweep.js';
import { labelOf, type MemorySweep, type RowWords } from './sweepFile.js';

type Figure = MemorySweep['plots'][number]['y'];

const settingsOf = ({ method: _method, ...settings }: RowWords): string => JSON.stringify(settings);

const matches = (words: RowWords, where: Readonly<Record<string, string>>) =>
  Object.entries(where).every(([key, value]) => (words as unknown as Record<string, string>)[key] === value);

/** The row of another method with the same settings. */
function beside(rows: readonly MeasuredRow[], { words }: MeasuredRow, method: string): MeasuredRow | undefined {
  return rows.find((row) => row.words.method === method && settingsOf(row.words) === settingsOf(words));
}

const share = (part: number, whole: number | undefined): string =>
  whole === undefined || whole <= 0 ? '' : (100 * (part / whole)).toFixed(1);

const right = (header: string, unit: string) => ({ header, unit, align: 'right' }) as const;
const left = (header: string) => ({ header, align: 'left' }) as const;

/** One table a model: every row, with its share of full fine-tuning under the same settings. */
export function sweepTables(sweep: MemorySweep, rows: readonly MeasuredRow[]): Table[] {
  const models = [...new Set(rows.map(({ words }) => words.model))];
  return models.map((model): Table => {
    const own = rows.filter(({ words }) => words.model === model);
    return {
      title: `${sweep.title} · ${model}`,
      columns: [
        left(messages.method()),
        right('batch', 'rows'),
        right('seq', 'tokens'),
        ...['precision', 'optimizer', 'saving'].map(left),
        right('peak', 'MiB'),
        right('peak', 'GB (MEFT)'),
        right('static', 'MiB'),
        right('activation', 'MiB'),
        right('activation', 'GB (MEFT)'),
        right('max saved', 'MiB'),
        right(`peak ${messages.memoryOfFull()}`, '%'),
        right(`activation ${messages.memoryOfFull()}`, '%'),
        right(`saved ${messages.memoryOfFull()}`, '%'),
        right('trainable', '%'),
        left('peak in'),
      ],
      rows: own.map((row): Cell[] => {
        const { words, measured } = row;
        const head = [
          labelOf(sweep, words.method),
          words.batch,
          words.seq,
          words.precision,
          words.optimizer,
          words.saving,
        ];
        if (measured === undefined) {
          const missing = Array.from({ length: 9 }, (): Cell => ({ text: '' }));
          return [
            ...head.map((text): Cell => ({ text })),
            { text: messages.memoryUnsupported(), emphasis: 'problem' },
            ...missing,
            { text: '' },
          ];
        }
        const { memory, parameters } = measured;
        const full = beside(rows, row, 'full')?.measured?.memory;
        return [
          ...head,
          formatMebibytes(memory.peakBytes),
          formatMeftGigabytes(memory.peakBytes),
          formatMebibytes(memory.staticBytes),
          formatMebibytes(memory.activationBytes),
          formatMeftGigabytes(memory.activationBytes),
          formatMebibytes(memory.savedBytes),
          share(memory.peakBytes, full?.peakBytes),
          full && peaksWithActivations(full) && peaksWithActivations(memory)
            ? share(memory.activationBytes, full.activationBytes)
            : '',
          share(memory.savedBytes, full?.savedBytes),
          ((100 * parameters.trainable) / parameters.total).toFixed(2),
          placeOf(memory),
        ].map((text): Cell => ({ text }));
      }),
    };
  });
}

/** Whether activations live at the peak, and not all gradients: their bytes are then those of the step. */
const peaksWithActivations = ({ activationBytes, savedBytes }: StepMemory): boolean =>
  activationBytes >= savedBytes / 2;

/** Firm values of the paper beside ours, for all settings that were measured. */
export function paperTable(sweep: MemorySweep, rows: readonly MeasuredRow[]): Table | undefined {
  const { paper } = sweep;
  if (paper.length === 0) return undefined;
  return {
    title: messages.memoryPaperTitle(),
    columns: [
      left('claim'),
      left('source'),
      left('figure'),
      right('paper', '%'),
      right('ours', '%'),
      right('difference', 'points'),
      left('of'),
      left('settings'),
    ],
    rows: paper.flatMap(({ claim, source, figure, method, of, percent, where }) =>
      rows
        .filter(({ words }) => words.method === method && matches(words, where))
        .flatMap((row): Cell[][] => {
          const mine = row.measured?.memory[figure];
          const other = beside(rows, row, of)?.measured?.memory[figure];
          if (mine === undefined || other === undefined) return [];
          const ours = 100 * (mine / other);
          const { model, batch, seq, precision, optimizer, saving } = row.words;
          return [
            [
              claim,
              source,
              figure,
              String(percent),
              ours.toFixed(1),
              (ours - percent).toFixed(1),
              `${labelOf(sweep, method)} / ${of}`,
              `${model}, ${batch} × ${seq}, ${precision}, ${optimizer}, ${saving}`,
            ].map((text) => ({ text })),
          ];
        }),
    ),
  };
}

/** What was measured, with raw bytes. */
export function sweepRecords(rows: readonly MeasuredRow[]): Readonly<Record<string, unknown>>[] {
  return rows.map(({ words, measured, problem }) => {
    if (measured === undefined) return { ...words, problem };
    const { timeline: _timeline, savedBytesByLayer: _byLayer, ...memory } = measured.memory;
    return { ...words, ...measured.parameters, ...memory };
  });
}

export function sweepCsv(rows: readonly MeasuredRow[]): string {
  const flat = sweepRecords(rows).map(({ categories, ...record }) => ({ ...record, ...(categories as object) }));
  const columns = [...new Set(flat.flatMap((record) => Object.keys(record)))];
  return `${papaparse.unparse(flat, { newline: '\n', columns })}\n`;
}

/** The number that stands in the method, or of the row. */
function place(words: RowWords, x: MemorySweep['plots'][number]['x']): number | undefined {
  if (x === 'batch' || x === 'seq') return Number(words[x]);
  const found = new RegExp(`${x}=([\\d.]+)`).exec(words.method)?.[1];
  return found === undefined ? undefined : Number(found);
}

const axisTitles: Readonly<Record<string, string>> = {
  batch: 'rows of the batch',
  seq: 'tokens of a row',
  tokens: 'selected tokens',
  ratio: 'share of selected tokens',
};

const figureTitles: Readonly<Record<Figure, string>> = {
  peakBytes: 'peak memory (MiB)',
  activationBytes: 'activation memory: peak - static (MiB)',
  savedBytes: 'saved for the backward pass (MiB)',
};

export function sweepPlots(sweep: MemorySweep, rows: readonly MeasuredRow[]): Plot[] {
  return sweep.plots.map(({ name, title, x, y, where, methods: shown }) => {
    const numeric = x === 'tokens' || x === 'ratio';
    const data = rows.flatMap(({ words, measured }) => {
      const at = place(words, x);
      if (measured === undefined || !matches(words, where) || (x !== 'method' && at === undefined)) return [];
      const full = labelOf(sweep, words.method);
      // The number on the axis is not part of the name.
      const label = numeric ? full.replaceAll(/\((?:tokens|ratio)=[\d.]+\)/g, '') : full;
      if (shown?.includes(label) === false) return [];
      return [{ model: words.model, saving: words.saving, method: label, x: at, bytes: measured.memory[y] }];
    });
    const series = (point: (typeof data)[number]) => `${point.method} · ${point.saving}`;
    const values = data.map((point) => ({
      ...point,
      series: series(point),
      mebibytes: point.bytes / bytesPerMebibyte,
    }));
    const style = methodStyle(x === 'method' ? data.map(({ saving }) => saving) : values.map((value) => value.series));
    const size = { field: 'mebibytes', type: 'quantitative', title: figureTitles[y], scale: { zero: true } } as const;
    const colour = (field: string) =>
      ({
        field,
        type: 'nominal',
        title: null,
        scale: { domain: [...style.domain], range: [...style.colours] },
        legend: { orient: 'bottom', columns: 2 },
      }) as const;
    const methods = [...new Set(data.map(({ method }) => method))];
    const common = {
      $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
      title: {
        text: title,
        subtitle: Object.entries(where)
          .map(([key, value]) => `${key} ${value}`)
          .join(', '),
      },
      config: theme,
      width: 640,
      data: { name: 'rows', values },
    } as const;
    const spec: TopLevelSpec =
      x === 'method'
        ? {
            ...common,
            height: { step: 16 },
            mark: { type: 'bar' },
            encoding: {
              y: { field: 'method', type: 'nominal', sort: methods, title: null },
              yOffset: { field: 'saving', type: 'nominal' },
              x: size,
              color: colour('saving'),
            },
          }
        : {
            ...common,
            height: 340,
            mark: { type: 'line', point: true },
            encoding: {
              x: { field: 'x', type: 'quantitative', title: axisTitles[x]! },
              y: size,
              color: colour('series'),
            },
          };
    return { name, spec, data };
  });
}
