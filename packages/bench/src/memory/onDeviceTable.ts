/** Predicted peaks beside those of a device's allocator: as a table with what a reader must know, and as a result file. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { messages } from '../messages.js';
import type { Cell, Column, Table } from '../report/table.js';
import { renderMarkdown } from '../report/renderTable.js';
import { collectProvenance } from '../result/provenance.js';
import { formatMebibytes } from '../units.js';
import { memoryJson, settingsText } from './memoryTable.js';
import type { DeviceComparison, MethodOnDevice } from './onDevice.js';
import type { MemorySettings } from './settings.js';

/** Peak of the allocator over the predicted one; undefined where the device could not take the step. */
function deviceRatio({ predicted, measured }: MethodOnDevice): number | undefined {
  return measured && measured.device.allocatedPeakBytes / predicted.memory.peakBytes;
}

interface DeviceColumn extends Column {
  readonly bytes: (measured: NonNullable<MethodOnDevice['measured']>) => number | undefined;
}

const phases = ['forward', 'backward', 'update'] as const;

const mebibytes = (header: string, bytes: DeviceColumn['bytes']): DeviceColumn => ({
  header,
  unit: 'MiB',
  align: 'right',
  bytes,
});

const deviceColumns: readonly DeviceColumn[] = [
  mebibytes('device res.', ({ device }) => device.reservedPeakBytes),
  mebibytes('kept', ({ keptBytes }) => keptBytes),
  ...phases.map((phase) => mebibytes(`in ${phase}`, ({ device }) => device.phases[phase]?.allocatedPeakBytes)),
];

export function deviceTable(settings: MemorySettings, { methods }: DeviceComparison): Table {
  const columns = deviceColumns.filter(({ bytes }) =>
    methods.some(({ measured }) => measured !== undefined && bytes(measured) !== undefined),
  );
  const right = (header: string, unit: string): Column => ({ header, unit, align: 'right' });
  return {
    title: messages.profileTitle(settings.model, settings.batchSize, settings.sequenceLength),
    columns: [
      { header: messages.method(), align: 'left' },
      right('predicted peak', 'MiB'),
      right('device alloc.', 'MiB'),
      right('ratio', 'device / predicted'),
      ...columns,
    ],
    rows: methods.map((row): Cell[] => {
      const { predicted, measured } = row;
      const ratio = deviceRatio(row);
      const device: Cell =
        measured === undefined
          ? { text: messages.ends(['oom']), emphasis: 'problem' }
          : { text: formatMebibytes(measured.device.allocatedPeakBytes) };
      return [
        { text: predicted.method },
        { text: formatMebibytes(predicted.memory.peakBytes) },
        device,
        ratio === undefined ? dash : { text: ratio.toFixed(4) },
        ...columns.map(({ bytes }): Cell => {
          const found = measured && bytes(measured);
          return found === undefined ? dash : { text: formatMebibytes(found) };
        }),
      ];
    }),
  };
}

const dash: Cell = { text: '—', emphasis: 'quiet' };

/** @param command as the user would repeat it */
export function deviceNotes(
  settings: MemorySettings,
  { backend, methods }: DeviceComparison,
  command: string,
): string[] {
  const [source] = methods.flatMap(({ measured }) => measured?.device.source ?? []);
  const differing = methods.filter(
    ({ predicted, measured }) => measured !== undefined && measured.memory.peakBytes !== predicted.memory.peakBytes,
  );
  return [
    ...differing.map(({ predicted, measured }) =>
      messages.logicalDiffers(predicted.method, predicted.memory.peakBytes, measured!.memory.peakBytes),
    ),
    ...methods.flatMap(({ predicted, failure }) =>
      failure === undefined ? [] : `${predicted.method}: ${failure.message}`,
    ),
    messages.predictedNote(),
    ...(source === undefined ? [] : [messages.deviceNote([source]), messages.keptNote()]),
    messages.settingsNote(settingsText(settings)),
    messages.backendNote(backend.name, [backend.device], messages.randomWeights(), undefined),
    messages.commandNote(command),
  ];
}

/** What `--json` prints and `--out` keeps. */
export function deviceRecord(settings: MemorySettings, { backend, methods }: DeviceComparison, command: string) {
  return {
    methods: methods.map((row) => {
      const { predicted, measured, failure } = row;
      return {
        predicted: memoryJson(settings, predicted),
        ...(measured === undefined ? {} : { measured: withoutDetail(measured) }),
        ...(failure === undefined ? {} : { failure }),
        ratio: deviceRatio(row),
      };
    }),
    backend,
    provenance: { ...collectProvenance(command, [backend.name]), finishedAt: new Date().toISOString() },
  };
}

/** The prediction has them too, and they are the same. */
function withoutDetail({ memory, ...measured }: NonNullable<MethodOnDevice['measured']>) {
  const { timeline: _timeline, savedBytesByLayer: _byLayer, ...figures } = memory;
  return { memory: figures, ...measured };
}

/** Writes the record and the table; returns the names of the files. */
export async function writeDeviceReport(
  settings: MemorySettings,
  comparison: DeviceComparison,
  command: string,
  folder: string,
): Promise<string[]> {
  const notes = deviceNotes(settings, comparison, command).map((note) => `- ${note}`);
  const files: [name: string, content: string][] = [
    ['device-memory.json', `${JSON.stringify(deviceRecord(settings, comparison, command), null, 2)}\n`],
    ['device-memory.md', `${renderMarkdown(deviceTable(settings, comparison))}\n\n${notes.join('\n')}\n`],
  ];
  await mkdir(folder, { recursive: true });
  for (const [name, content] of files) await writeFileAtomic(join(folder, name), content);
  return files.map(([name]) => name);
}
