/** Memory of methods as a table, or of one method as a breakdown, with what a reader must know below it; and as JSON. */
import type { CategoryBytes, StepMemory } from '@leantune/core';
import { messages } from '../messages.js';
import { categoryNames } from '../plot/breakdown.js';
import type { Cell, Table } from '../report/table.js';
import { formatMebibytes } from '../units.js';
import { formatByteSize } from './byteSize.js';
import type { MethodMemory } from './measure.js';
import type { MemorySettings } from './settings.js';

/** MEFT's scripts divide bytes by 1024 · 1024 · 1000 and write GB. */
const bytesPerMeftGigabyte = 1024 * 1024 * 1000;

export const formatMeftGigabytes = (bytes: number) => (bytes / bytesPerMeftGigabyte).toFixed(2);

const right = (header: string, unit: string) => ({ header, unit, align: 'right' }) as const;

/** `backward in bert.encoder.layer.3` */
export function placeOf({ phase, layer }: StepMemory): string {
  return layer === '' ? phase : messages.peakPlace(phase, layer);
}

function sizeCells(settings: MemorySettings, row: MethodMemory): Cell[] {
  if (settings.fit === undefined) return [];
  if (row.fits !== true) return [{ text: messages.doesNotFit(), emphasis: 'problem' }];
  const size = settings.fit.what === 'batch' ? row.batchSize : row.sequenceLength;
  return [{ text: row.bounded === true ? `≥ ${size}` : String(size) }];
}

/** Heads of the columns that the peak is made of. */
const shortNames = ['parameters', 'gradients', 'optimizer', 'saved', 'batch', 'workspace'] as const;

/** One row a method. */
export function memoryTable(settings: MemorySettings, rows: readonly MethodMemory[]): Table {
  const categories = Object.keys(categoryNames) as (keyof CategoryBytes)[];
  const fitted = settings.fit === undefined ? [] : [right(`largest ${settings.fit.what}`, fitUnit(settings.fit.what))];
  return {
    title: title(settings),
    columns: [
      { header: messages.method(), align: 'left' },
      ...fitted,
      right('peak', 'MiB'),
      right('peak', 'GB (MEFT)'),
      right('static', 'MiB'),
      right('activation', 'MiB'),
      right('max saved', 'MiB'),
      ...shortNames.map((name) => right(name, 'MiB')),
      right('trainable', '%'),
      { header: 'peak in', align: 'left' },
    ],
    rows: rows.map((row): Cell[] => {
      const { memory, parameters } = row;
      const mebibytes = [memory.peakBytes, memory.staticBytes, memory.activationBytes, memory.savedBytes];
      const [peak, ...others] = mebibytes.map((bytes): Cell => ({ text: formatMebibytes(bytes) }));
      return [
        { text: row.method },
        ...sizeCells(settings, row),
        peak!,
        { text: formatMeftGigabytes(memory.peakBytes) },
        ...others,
        ...categories.map((category): Cell => ({ text: formatMebibytes(memory.categories[category]) })),
        { text: ((100 * parameters.trainable) / parameters.total).toFixed(2) },
        { text: placeOf(memory) },
      ];
    }),
  };
}

/** One method: its figures, then what the peak consists of. */
export function breakdownTable(settings: MemorySettings, row: MethodMemory): Table {
  const { memory, parameters } = row;
  const line = (name: string, bytes: number): Cell[] => [
    { text: name },
    { text: formatMebibytes(bytes) },
    { text: formatMeftGigabytes(bytes) },
    { text: String(bytes) },
  ];
  const fact = (name: string, text: string): Cell[] => [{ text: name }, { text: '' }, { text: '' }, { text }];
  const [fitCell] = sizeCells(settings, row);
  return {
    title: `${title(settings)} · ${row.method}`,
    columns: [{ header: '', align: 'left' }, right('', 'MiB'), right('', 'GB (MEFT)'), right('', 'bytes')],
    rows: [
      ...(fitCell === undefined ? [] : [fact(`largest ${settings.fit!.what}`, fitCell.text)]),
      line('peak', memory.peakBytes),
      ...(Object.keys(categoryNames) as (keyof CategoryBytes)[]).map((category) =>
        line(`  ${categoryNames[category]}`, memory.categories[category]),
      ),
      line('static', memory.staticBytes),
      line('activation', memory.activationBytes),
      line('max saved', memory.savedBytes),
      fact('peak in', placeOf(memory)),
      fact('trained', messages.trainedOf(parameters.trainable, parameters.total)),
    ],
  };
}

function title({ model, batchSize, sequenceLength, fit }: MemorySettings): string {
  if (fit === undefined) return messages.profileTitle(model, batchSize, sequenceLength);
  const limit = formatByteSize(fit.limitBytes);
  return fit.what === 'batch'
    ? messages.fitBatchTitle(model, sequenceLength, limit)
    : messages.fitSequenceTitle(model, batchSize, limit);
}

const fitUnit = (what: 'batch' | 'seq') => (what === 'batch' ? 'rows' : 'tokens');

/** @param command as the user would repeat it */
export function memoryNotes(settings: MemorySettings, rows: readonly MethodMemory[], command: string): string[] {
  const { fit } = settings;
  const misfits = rows.filter(({ fits }) => fits === false);
  return [
    messages.metaNote(),
    messages.peakNote(),
    messages.memoryStaticNote(),
    messages.memorySavedNote(),
    messages.meftUnitNote(),
    ...(fit === undefined || misfits.length === 0
      ? []
      : [messages.misfitNote(formatByteSize(fit.limitBytes), fit.what)]),
    messages.settingsNote(settingsText(settings)),
    messages.commandNote(command),
  ];
}

/** What every row was measured with. */
export function settingsText(settings: MemorySettings): string {
  const { precision, saving, optimizerName, head, gradientAccumulation, maxGradNorm } = settings;
  return [
    `head ${head.kind}`,
    `precision ${precision}`,
    `optimizer ${optimizerName}`,
    `clip ${maxGradNorm ?? 'off'}`,
    `micro-batches ${gradientAccumulation}`,
    `saving ${saving}`,
  ].join(', ');
}

/** What `--json` prints of one method. */
export function memoryJson(settings: MemorySettings, row: MethodMemory): Readonly<Record<string, unknown>> {
  const { peakBytes, staticBytes, activationBytes, savedBytes, phase, layer, categories, savedBytesByLayer } =
    row.memory;
  return {
    method: row.method,
    model: settings.model,
    batch: row.batchSize,
    seq: row.sequenceLength,
    precision: settings.precision,
    saving: settings.saving,
    optimizer: settings.optimizerName,
    ...(settings.fit === undefined
      ? {}
      : { fitBytes: settings.fit.limitBytes, fits: row.fits, largest: settings.fit.what, bounded: row.bounded }),
    parameters: row.parameters,
    peakBytes,
    staticBytes,
    activationBytes,
    savedBytes,
    phase,
    layer,
    categories,
    savedBytesByLayer,
  };
}
