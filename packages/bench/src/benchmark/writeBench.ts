/** The results of a bench on disk: `<folder>/<suite>/figures.json`, `table.md` and a plot. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { benchMessages } from '../messages/bench.js';
import { renderMarkdown } from '../report/renderTable.js';
import type { RunProvenance } from '../result/provenance.js';
import { benchNotes, benchTable } from './benchTable.js';
import { ratioPlot } from './ratioPlot.js';
import { suites } from './rows.js';
import type { BenchRow, Suite } from './rows.js';
import type { BenchSettings } from './settings.js';

const schemaVersion = 1;

export interface BenchRun {
  readonly settings: BenchSettings;
  readonly rows: readonly BenchRow[];
  readonly provenance: RunProvenance;
  readonly startedAt: Date;
}

/** The suites that have rows. */
export function suitesOf(rows: readonly BenchRow[]): Suite[] {
  return suites.filter((suite) => rows.some((row) => row.suite === suite));
}

/** One suite as JSON: settings, rows with every sample, provenance. */
export function benchRecord({ settings, rows, provenance, startedAt }: BenchRun, suite: Suite): unknown {
  return {
    schemaVersion,
    suite,
    settings,
    provenance: { ...provenance, startedAt: startedAt.toISOString(), finishedAt: new Date().toISOString() },
    rows: rows.filter((row) => row.suite === suite),
  };
}

/** Writes figures, table and plot of every suite; answers the folders. */
export async function writeBench(run: BenchRun, folder: string): Promise<string[]> {
  const folders: string[] = [];
  for (const suite of suitesOf(run.rows)) {
    const target = join(folder, suite);
    await mkdir(target, { recursive: true });
    const plotFiles = await drawPlot(run, suite);
    const picture = plotFiles.length > 0 ? [`![${benchMessages.plotTitle(suite)}](ratio.svg)`] : [];
    const { settings, rows, provenance } = run;
    const notes = benchNotes(suite, rows, settings, provenance.cpu, provenance.command);
    const markdown = [
      renderMarkdown(benchTable(suite, rows, settings)),
      notes.map((note) => `- ${note}`).join('\n'),
      ...picture,
    ];
    const files: [name: string, content: string | Buffer][] = [
      ['figures.json', `${JSON.stringify(benchRecord(run, suite), null, 2)}\n`],
      ['table.md', `${markdown.join('\n\n')}\n`],
      ...plotFiles,
    ];
    for (const [name, content] of files) await writeFileAtomic(join(target, name), content);
    folders.push(target);
  }
  return folders;
}

async function drawPlot(
  { rows, settings, provenance }: BenchRun,
  suite: Suite,
): Promise<[name: string, content: string | Buffer][]> {
  const plot = ratioPlot(
    rows.filter((row) => row.suite === suite),
    { title: suite, subtitle: [benchMessages.plotSubtitle(suite, settings, provenance.cpu)] },
  );
  if (plot === undefined) return [];
  const { renderPng, renderSvg } = await import('../plot/render.js');
  const svg = await renderSvg(plot.spec);
  return [
    [`${plot.name}.vl.json`, `${JSON.stringify(plot.spec, null, 2)}\n`],
    [`${plot.name}.svg`, svg],
    [`${plot.name}.png`, renderPng(svg)],
  ];
}
