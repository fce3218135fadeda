/** `leantune bench`: ratios of times, taken side by side: ops, training steps, and steps beside Python's libraries. */
import { benchNotes, benchTable } from '../../benchmark/benchTable.js';
import { runBench } from '../../benchmark/runBench.js';
import { resolveBenchSettings } from '../../benchmark/settings.js';
import { benchRecord, suitesOf, writeBench } from '../../benchmark/writeBench.js';
import type { BenchRun } from '../../benchmark/writeBench.js';
import { benchMessages } from '../../messages/bench.js';
import { loadRegistry } from '../../registry/packages.js';
import { renderTerminal } from '../../report/renderTable.js';
import { terminalNote } from '../../report/terminalNote.js';
import { collectProvenance } from '../../result/provenance.js';
import type { CommandHandler } from '../table.js';

const defaultFolder = 'runs/bench';

export const bench: CommandHandler<'bench'> = async ({ words, options, terminal, commandLine }) => {
  const { json, out = defaultFolder, ...typed } = options;
  const registry = await loadRegistry();
  const settings = await resolveBenchSettings(words, typed, registry);
  const provenance = collectProvenance(commandLine);
  const startedAt = new Date();
  let run: BenchRun = { settings, rows: [], provenance, startedAt };
  let folders: string[] = [];
  await runBench(settings, registry.backendNames(), {
    onLog: (line) => terminal.err(`${line}\n`),
    // After every comparison: what is interrupted has its results so far.
    onRows: async (rows) => {
      run = { ...run, rows: [...rows] };
      folders = await writeBench(run, out);
    },
  });
  const shown = suitesOf(run.rows);
  if (json === true) {
    terminal.out(
      `${JSON.stringify(
        shown.map((suite) => benchRecord(run, suite)),
        null,
        2,
      )}\n`,
    );
  } else {
    for (const suite of shown) {
      const table = renderTerminal(benchTable(suite, run.rows, settings), { colour: terminal.outColour });
      const notes = benchNotes(suite, run.rows, settings, provenance.cpu, commandLine).map(terminalNote);
      terminal.out(`${table}\n\n${notes.join('\n')}\n\n`);
    }
  }
  terminal.err(`${benchMessages.written(folders)}\n`);
  return run.rows.some(({ status }) => status === 'failed') ? 1 : 0;
};
