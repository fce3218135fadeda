/** A profile as a table with what a reader must know below it, and as JSON. */
import { messages } from '../messages.js';
import type { Cell, Table } from '../report/table.js';
import { formatMebibytes } from '../units.js';
import type { MethodProfile, Profile } from './profile.js';
import type { Spread } from './statistics.js';
import { maxGradNorm } from './trainee.js';

export function profileTable({ settings, methods }: Profile): Table {
  const first = methods[0];
  const right = (header: string, unit: string) => ({ header, unit, align: 'right' }) as const;
  return {
    title: messages.profileTitle(settings.model, settings.batchSize, settings.sequenceLength),
    columns: [
      { header: messages.method(), align: 'left' },
      right('step', messages.spreadUnit('ms')),
      right('step ratio', messages.spreadUnit('to first')),
      right('peak', 'MiB'),
      right('max saved', 'MiB'),
      right('saved ratio', 'to first'),
      right('trainable', '%'),
    ],
    rows: methods.map((row): Cell[] => [
      { text: row.method },
      { text: formatSpread(row.stepMs, row.stepMs.median < 100 ? 1 : 0) },
      row === first ? { text: '1', emphasis: 'quiet' } : { text: formatSpread(row.ratioToFirst, 3) },
      { text: formatMebibytes(row.memory.peakBytes) },
      { text: formatMebibytes(row.memory.savedBytes) },
      savedRatioCell(row, first),
      { text: ((100 * row.parameters.trainable) / row.parameters.total).toFixed(2) },
    ]),
  };
}

/** `2480 ± 31 (5)` */
function formatSpread({ median, mad, n }: Spread, digits: number): string {
  return `${median.toFixed(digits)} ± ${mad.toFixed(digits)} (${n})`;
}

/** Saved bytes over those of the first method; undefined where that saved nothing. */
export function savedRatio(row: MethodProfile, first: MethodProfile | undefined): number | undefined {
  return first === undefined || first.memory.savedBytes === 0
    ? undefined
    : row.memory.savedBytes / first.memory.savedBytes;
}

function savedRatioCell(row: MethodProfile, first: MethodProfile | undefined): Cell {
  const ratio = savedRatio(row, first);
  if (row === first) return { text: '1', emphasis: 'quiet' };
  return ratio === undefined ? { text: '—', emphasis: 'quiet' } : { text: ratio.toFixed(3) };
}

/** @param cpu the machine's processor; @param command as the user would repeat it */
export function profileNotes(
  { settings, warmupSteps, weights, backend }: Profile,
  cpu: { readonly model: string; readonly count: number },
  command: string,
): string[] {
  const { batchSize, sequenceLength, dropout, saving } = settings;
  return [
    messages.profileStepNote(warmupSteps),
    messages.profileRatioNote(),
    messages.profileMemoryNote(),
    messages.profileDataNote(batchSize, sequenceLength, weights.source),
    messages.settingsNote(
      [
        'optimizer adamw',
        `clip ${maxGradNorm}`,
        `dropout ${dropout ?? messages.ofModel()}`,
        `saving ${saving}`,
        'precision float32',
      ].join(', '),
    ),
    messages.backendNote(backend.name, [backend.device], backend.reason, cpu),
    messages.commandNote(command),
  ];
}
