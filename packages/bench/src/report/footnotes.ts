/** What a reader must know to judge the table: definitions, data, settings, differences, ends, the command. */
import { messages } from '../messages.js';
import type { OkResult } from '../result/schema.js';
import { formatNumber } from '../units.js';
import type { Row, SeedlessConfig } from './aggregate.js';
import type { LoadedRun } from './loadRun.js';

export function footnotes(run: LoadedRun, rows: readonly Row[]): string[] {
  const results = rows.flatMap((row) => row.ok);
  const { common, differing } = compareSettings(rows);
  const notes: string[] = [];
  const warnings = [...new Set(results.flatMap((result) => result.outcome.warnings))];
  notes.push(...warnings.map(messages.warningNote));
  if (rows.some((row) => row.stale)) notes.push(messages.staleNote(run.manifest.sweep));
  const selecting = results.filter(({ outcome }) => outcome.selected !== undefined).length;
  const selection = selecting === 0 ? 'none' : selecting === results.length ? 'all' : 'some';
  const headlines = results.flatMap(({ outcome }) => outcome.metrics[0] ?? []);
  notes.push(...new Set(headlines.map(({ name, split }) => messages.scoreNote(name, split, selection))));
  if (rows.some(({ measured }) => (measured?.scores.length ?? 0) > 1)) notes.push(messages.scoresNote());
  notes.push(...selectionNotes(rows));
  notes.push(messages.peakNote(), messages.savedNote());
  const allocators = results.flatMap(({ outcome }) => outcome.memory.device?.source ?? []);
  if (allocators.length > 0) notes.push(messages.deviceNote([...new Set(allocators)]));
  notes.push(...dataNotes(results));
  notes.push(messages.settingsNote(common));
  notes.push(...differing);
  notes.push(backendNote(run, results));
  for (const row of rows) {
    for (const cell of row.cells) {
      const { result } = cell;
      if (result === undefined || result.status === 'ok') continue;
      const why = result.status === 'interrupted' ? undefined : result.failure.message;
      notes.push(messages.endNote(row.label, cell.config.seed, result.status, why, result.reached));
    }
  }
  if (run.otherResults > 0) notes.push(messages.otherResultsNote(run.otherResults));
  notes.push(...run.manifest.notes, messages.commandNote(run.manifest.command));
  return notes;
}

function dataNotes(results: readonly OkResult[]): string[] {
  return [
    ...new Set(
      results.map(({ config, outcome }) =>
        messages.dataNote(
          config.task.name,
          outcome.sources.dataset.rows,
          // Without a tokenizer the rows are images.
          outcome.sources.tokenizer === undefined ? undefined : config.task.maxLength,
          outcome.sources.weights.source,
        ),
      ),
    ),
  ];
}

/** Which epochs were selected, a note for every metric and split that selected. */
function selectionNotes(rows: readonly Row[]): string[] {
  const epochs = new Map<string, { metric: string; split: string; labels: string[] }>();
  for (const { label, ok } of rows) {
    const found = ok.flatMap(({ outcome }) => outcome.selected ?? []);
    const [first] = found;
    if (first === undefined) continue;
    const { metric, split } = first;
    const note = epochs.get(`${metric} ${split}`) ?? { metric, split, labels: [] };
    note.labels.push(messages.selectedEpochs(label, found));
    epochs.set(`${metric} ${split}`, note);
  }
  return [...epochs.values()].map(({ metric, split, labels }) => messages.selectedNote(metric, split, labels));
}

function backendNote(run: LoadedRun, results: readonly OkResult[]): string {
  const devices = [...new Set(results.map((result) => result.outcome.backend.device))];
  const { name, reason } = run.manifest.backend;
  const cpu = results[0]?.provenance.cpu;
  return messages.backendNote(name, devices, reason, cpu);
}

/** Settings shared by all rows in one line, and one line for each setting in which rows differ. */
function compareSettings(rows: readonly Row[]): { common: string; differing: string[] } {
  const flat = rows.map((row) => ({ label: row.label, settings: flatten(row.config) }));
  const keys = [...new Set(flat.flatMap((row) => [...row.settings.keys()]))];
  const common: string[] = [];
  const differing: string[] = [];
  for (const key of keys) {
    const byValue = new Map<string, string[]>();
    for (const row of flat) {
      const value = row.settings.get(key) ?? messages.notSet();
      byValue.set(value, [...new Set([...(byValue.get(value) ?? []), row.label])]);
    }
    const only = [...byValue.keys()][0];
    if (byValue.size === 1 && only !== undefined) common.push(`${key} ${only}`);
    else
      differing.push(
        messages.differingNote(
          key,
          [...byValue].map(([value, labels]) => `${value} (${labels.join(', ')})`),
        ),
      );
  }
  return { common: common.join(', '), differing };
}

/** Settings under the names that readers know; what other columns and notes say is left out. */
function flatten(config: SeedlessConfig): Map<string, string> {
  const { optimizer, ...training } = config.training;
  const entries: [string, string | number | undefined][] = [
    ['epochs', training.epochs],
    ['selection', training.select],
    ['patience', training.patience],
    ['batch', training.batchSize],
    ['accumulation', training.gradientAccumulation],
    ['learning rate', scientific(training.learningRate)],
    ['schedule', training.schedule],
    ['warm-up', training.warmupSteps === undefined ? training.warmupRatio : `${training.warmupSteps} steps`],
    [
      'optimizer',
      Object.entries(optimizer)
        .map(([key, value]) => (key === 'name' ? value : `${key}=${value}`))
        .join(' '),
    ],
    ['weight decay', training.weightDecay],
    ['clip', training.maxGradNorm],
    ['padding', training.padding],
    ['grouped by length', training.groupByLength === true ? 'yes' : undefined],
    ['precision', training.precision],
    ['dropout', config.dropout ?? messages.ofModel()],
    ['saving', config.saving],
    ['memory limit', config.limits.memoryBytes],
    ['step limit', config.limits.steps],
  ];
  return new Map(entries.flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)] as const])));
}

/** `5e-5` as people write learning rates. */
function scientific(value: number): string {
  return value >= 0.01 ? formatNumber(value) : value.toExponential().replace('e-0', 'e-');
}
