/** The run's report on disk: table (Markdown, CSV) and plots (spec, SVG, PNG, CSV). */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import papaparse from 'papaparse';
import writeFileAtomic from 'write-file-atomic';
import { messages } from '../messages.js';
import { breakdownPlot } from '../plot/breakdown.js';
import type { Plot } from '../plot/plot.js';
import { renderPng, renderSvg } from '../plot/render.js';
import { scoreMemoryPlot } from '../plot/scoreMemory.js';
import { aggregate } from './aggregate.js';
import type { Row } from './aggregate.js';
import { buildTable, sections } from './buildTable.js';
import type { Section } from './buildTable.js';
import { footnotes } from './footnotes.js';
import type { LoadedRun } from './loadRun.js';
import { renderCsv, renderScoresCsv } from './renderCsv.js';
import { renderMarkdown, renderTerminal } from './renderTable.js';
import { buildScoreTable } from './scoreTable.js';
import type { Table } from './table.js';
import { terminalNote } from './terminalNote.js';

const mostScoreLines = 16;

export interface Report {
  readonly rows: readonly Row[];
  readonly markdown: string;
  /** Table and notes for a terminal. */
  readonly terminal: (options: { readonly colour: boolean }) => string;
  readonly plots: readonly Plot[];
}

export function buildReport(run: LoadedRun): Report {
  const rows = aggregate(run.cells);
  const parts = sections(rows);
  const tables = parts.map(buildTable);
  const scoreTables = parts.flatMap((part) => buildScoreTable(part) ?? []);
  const notes = footnotes(run, rows);
  const plots = parts.flatMap((part) => plotsOf(part, run.manifest.backend.name, parts.length > 1));
  const pictures = plots.map((plot) => `![${plot.name}](${plot.name}.svg)`);
  return {
    rows,
    plots,
    markdown: `${[
      `# ${run.manifest.title}`,
      ...(run.manifest.description === undefined ? [] : [run.manifest.description]),
      ...[...tables, ...scoreTables].map(renderMarkdown),
      notes.map((note) => `- ${note}`).join('\n'),
      ...pictures,
    ].join('\n\n')}\n`,
    terminal: (options) =>
      `${[...[...tables, ...scoreTables.map(shortened)].map((table) => renderTerminal(table, options)), notes.map(terminalNote).join('\n')].join('\n\n')}\n`,
  };
}

/** As much of the scores as fits on a screen: MMLU has one for each of its subjects. */
function shortened(table: Table): Table {
  const left = table.rows.length - mostScoreLines;
  if (left <= 1) return table;
  return { ...table, rows: [...table.rows.slice(0, mostScoreLines), [{ text: messages.moreScores(left) }]] };
}

function plotsOf(section: Section, backend: string, several: boolean): Plot[] {
  const seeds = Math.max(0, ...section.rows.map((row) => row.ok.length));
  const saving = [...new Set(section.rows.map((row) => row.config.saving))];
  const common = messages.plotSubtitle(seeds, backend, saving);
  const selected = section.rows.some(({ ok }) => ok.some(({ outcome }) => outcome.selected !== undefined));
  const plots = [
    breakdownPlot(section.rows, { title: section.title, subtitle: [common] }),
    scoreMemoryPlot(section.rows, { title: section.title, subtitle: [common, messages.plotScoreSubtitle(selected)] }),
  ].filter((plot) => plot !== undefined);
  const suffix = `-${section.title.replace(/[^A-Za-z0-9]+/g, '-')}`;
  return several ? plots.map((plot) => ({ ...plot, name: `${plot.name}${suffix}` })) : plots;
}

/** Writes all files of the report and returns their names. */
export async function writeReport(report: Report, folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const files: [name: string, content: string | Buffer][] = [
    ['table.md', report.markdown],
    ['table.csv', renderCsv(report.rows)],
    ['scores.csv', renderScoresCsv(report.rows)],
  ];
  for (const plot of report.plots) {
    const svg = await renderSvg(plot.spec);
    files.push(
      [`${plot.name}.vl.json`, `${JSON.stringify(plot.spec, null, 2)}\n`],
      [`${plot.name}.csv`, `${papaparse.unparse([...plot.data], { newline: '\n' })}\n`],
      [`${plot.name}.svg`, svg],
      [`${plot.name}.png`, renderPng(svg)],
    );
  }
  for (const [name, content] of files) await writeFileAtomic(join(folder, name), content);
  return files.map(([name]) => name);
}
