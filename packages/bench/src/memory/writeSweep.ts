/** The report of a sweep of memory on disk: tables, figures with their provenance, plots. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import papaparse from 'papaparse';
import writeFileAtomic from 'write-file-atomic';
import { messages } from '../messages.js';
import { renderMarkdown } from '../report/renderTable.js';
import { collectProvenance } from '../result/provenance.js';
import type { MeasuredRow } from './measureSweep.js';
import { labelOf, type MemorySweep } from './sweepFile.js';
import { paperTable, sweepCsv, sweepPlots, sweepRecords, sweepTables } from './sweepReport.js';

export interface SweepRun {
  readonly sweep: MemorySweep;
  readonly rows: readonly MeasuredRow[];
  /** As the user would repeat it. */
  readonly command: string;
}

export function sweepNotes({ sweep, rows, command }: SweepRun): string[] {
  const problems = new Set(
    rows.flatMap(({ words, problem }) => {
      if (problem === undefined) return [];
      const label = `${labelOf(sweep, words.method)}: `;
      // Some methods name themselves.
      return [`${words.model}, ${problem.startsWith(label) ? problem : label + problem}`];
    }),
  );
  return [
    ...Object.entries(sweep.labels).map(([label, spelling]) => `${label}: ${spelling}`),
    ...problems,
    ...sweep.notes,
    messages.memoryOfFullNote(),
    messages.metaNote(),
    messages.peakNote(),
    messages.memoryStaticNote(),
    messages.memorySavedNote(),
    messages.meftUnitNote(),
    messages.commandNote(command),
  ];
}

/** Writes all files and returns their names. */
export async function writeSweepReport(run: SweepRun, folder: string): Promise<string[]> {
  const { sweep, rows, command } = run;
  const { renderPng, renderSvg } = await import('../plot/render.js');
  const plots = sweepPlots(sweep, rows);
  const paper = paperTable(sweep, rows);
  const markdown = [
    `# ${sweep.title}`,
    ...(sweep.description === undefined ? [] : [sweep.description.trim()]),
    ...(paper === undefined ? [] : [renderMarkdown(paper)]),
    ...sweepTables(sweep, rows).map(renderMarkdown),
    sweepNotes(run)
      .map((note) => `- ${note}`)
      .join('\n'),
    ...plots.map(({ name }) => `![${name}](${name}.svg)`),
  ].join('\n\n');
  const figures = { sweep: sweep.name, provenance: collectProvenance(command), rows: sweepRecords(rows) };
  const files: [name: string, content: string | Buffer][] = [
    ['table.md', `${markdown}\n`],
    ['table.csv', sweepCsv(rows)],
    ['figures.json', `${JSON.stringify(figures, null, 2)}\n`],
  ];
  for (const { name, spec, data } of plots) {
    const svg = await renderSvg(spec);
    files.push(
      [`${name}.vl.json`, `${JSON.stringify(spec, null, 2)}\n`],
      [`${name}.csv`, `${papaparse.unparse([...data], { newline: '\n' })}\n`],
      [`${name}.svg`, svg],
      [`${name}.png`, renderPng(svg)],
    );
  }
  await mkdir(folder, { recursive: true });
  for (const [name, content] of files) await writeFileAtomic(join(folder, name), content);
  return files.map(([name]) => name);
}
