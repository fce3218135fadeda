/** Rows of a suite as a table, with what a reader must know below it. Ratios only: a time alone means nothing. */
import { messages } from '../messages.js';
import { benchMessages } from '../messages/bench.js';
import type { Cell, Table } from '../report/table.js';
import { update } from './matches.js';
import type { BenchRow, Suite } from './rows.js';
import { warmupTurns } from './runMatch.js';
import { defaultRounds } from './settings.js';
import type { BenchSettings } from './settings.js';

export function benchTable(suite: Suite, rows: readonly BenchRow[], settings: BenchSettings): Table {
  return {
    title: benchMessages.tableTitle(suite, settings),
    columns: [
      { header: 'case', align: 'left' },
      { header: 'backend', align: 'left' },
      { header: 'beside', align: 'left' },
      { header: 'ratio', unit: 'median', align: 'right' },
      { header: 'quartiles', align: 'right' },
      { header: 'range', align: 'right' },
      { header: 'rounds', align: 'right' },
      { header: 'remarks', align: 'left' },
    ],
    rows: rows.filter((row) => row.suite === suite).map(cellsOf),
  };
}

function cellsOf(row: BenchRow): Cell[] {
  const facts = [row.case, row.backend, row.reference].map((text): Cell => ({ text }));
  if (row.status !== 'ok') {
    const remark =
      row.status === 'absent' ? benchMessages.absent(row.reason, row.remedy) : benchMessages.failed(row.reason);
    const none = Array.from({ length: 4 }, (): Cell => ({ text: '—', emphasis: 'quiet' }));
    return [...facts, ...none, { text: remark, ...(row.status === 'failed' ? { emphasis: 'problem' } : {}) }];
  }
  const { median, lowerQuartile, upperQuartile, least, most, n } = row.ratio;
  const span = (from: number, to: number): Cell => ({ text: `${from.toFixed(3)} – ${to.toFixed(3)}` });
  return [
    ...facts,
    { text: median.toFixed(3) },
    span(lowerQuartile, upperQuartile),
    span(least, most),
    { text: `${n}` },
    { text: row.agreement === undefined ? '' : benchMessages.agrees(row.agreement) },
  ];
}

/** @param cpu the machine's processor; @param command as the user would repeat it */
export function benchNotes(
  suite: Suite,
  rows: readonly BenchRow[],
  settings: BenchSettings,
  cpu: { readonly model: string; readonly count: number },
  command: string,
): string[] {
  const own = rows.filter((row) => row.suite === suite);
  const devices = new Set(
    own.flatMap((row) => (row.status === 'ok' ? [row.ours, row.theirs].map(({ device }) => device) : [])),
  );
  const versions = own.flatMap((row) => (row.status === 'ok' && row.theirs.versions ? [row.theirs.versions] : []));
  return [
    benchMessages.ratioNote(suite, warmupTurns),
    ...(suite === 'ops' ? [benchMessages.opNote()] : [benchMessages.stepNote(settings, update)]),
    ...(suite === 'peers' ? [benchMessages.agreementNote()] : []),
    ...(versions[0] === undefined ? [] : [benchMessages.versionsNote(versions[0])]),
    benchMessages.devicesNote([...devices], settings.rounds ?? defaultRounds[suite], cpu),
    messages.commandNote(command),
  ];
}
