/** `leantune report`: table and plots from what is on disk, however far the run has come. */
import { nearestName } from '@leantune/core';
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { messages } from '../../messages.js';
import { loadRun } from '../../report/loadRun.js';
import { buildReport, writeReport } from '../../report/writeReport.js';
import { fingerprintsNow } from '../../result/fingerprint.js';
import { RunFolder } from '../../result/runFolder.js';
import type { CommandHandler } from '../table.js';

export const report: CommandHandler<'report'> = async ({ words, options, terminal }) => {
  const named = words[0] ?? '';
  const byName = join('runs', named);
  const folder = new RunFolder(existsSync(join(named, 'sweep.json')) || !existsSync(byName) ? named : byName);
  if (!existsSync(folder.manifestPath)) throw folder.absent(nearestName(named, runNames()));
  const loaded = await loadRun(folder, { fingerprint: fingerprintsNow() });
  const built = buildReport(loaded);
  const out = options.out ?? folder.reportFolder;
  await writeReport(built, out);
  if (options.json === true) {
    const rows = built.rows.map(({ label, config, stale, measured, cells }) => ({
      label,
      config,
      stale,
      measured,
      cells: cells.map((cell) => ({ id: cell.id, seed: cell.config.seed, status: cell.result?.status ?? 'not-run' })),
    }));
    terminal.out(`${JSON.stringify({ sweep: loaded.manifest.sweep, rows }, null, 2)}\n`);
  } else {
    terminal.out(`${built.terminal({ colour: terminal.outColour })}`);
  }
  if (loaded.cells.every((cell) => cell.result === undefined)) terminal.err(`${messages.nothingToReport()}\n`);
  terminal.err(`${messages.reportLies(relative(process.cwd(), out) || '.')}\n`);
  return 0;
};

function runNames(): string[] {
  return existsSync('runs') ? readdirSync('runs') : [];
}
