/** `leantune run`: everything is checked before the first cell starts; what is finished is kept. */
import { relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { splitBackendName } from '@leantune/core';
import { canonicalJson } from '../../cell/cellId.js';
import { messages } from '../../messages.js';
import { exportsOf, identityOf, loadedPlugins, portableReference } from '../../plugins/loadPlugins.js';
import type { LoadedPlugin } from '../../plugins/loadPlugins.js';
import { parseSweepWithPlugins } from '../../plugins/sweepPlugins.js';
import { loadRegistry } from '../../registry/packages.js';
import { loadRun } from '../../report/loadRun.js';
import { buildReport, writeReport } from '../../report/writeReport.js';
import { fingerprintsNow } from '../../result/fingerprint.js';
import { collectProvenance } from '../../result/provenance.js';
import { RunFolder } from '../../result/runFolder.js';
import { resultSchemaVersion } from '../../result/schema.js';
import type { RunManifest } from '../../result/schema.js';
import { breakerLimit, breakerSeconds } from '../../run/breaker.js';
import { checkInputs } from '../../run/checkInputs.js';
import { checkPrecisions } from '../../run/checkPrecisions.js';
import { planCells } from '../../run/plan.js';
import type { PlannedCell } from '../../run/plan.js';
import { ProgressReporter } from '../../run/progressReporter.js';
import { cellTitle } from '../../run/progressLine.js';
import { chooseBackend } from '../../run/resolveBackend.js';
import type { ChosenBackend } from '../../run/resolveBackend.js';
import { runSweep } from '../../run/runSweep.js';
import type { RunEnd } from '../../run/runSweep.js';
import { makeCells } from '../../sweep/cells.js';
import type { Cell } from '../../sweep/cells.js';
import { findSweep } from '../../sweep/findSweep.js';
import { methodPlaces } from '../../sweep/methodPlaces.js';
import { parseOverrides, selectFromSweep } from '../../sweep/overrides.js';
import type { Sweep } from '../../sweep/sweep.js';
import type { CommandHandler, Terminal } from '../table.js';

const defaultSweep = 'quickstart';

export const run: CommandHandler<'run'> = async ({ words, options, terminal, commandLine }) => {
  // `leantune run epochs=1` means the default sweep.
  const named = words[0] !== undefined && !words[0].includes('=');
  const source = findSweep(named ? (words[0] ?? defaultSweep) : defaultSweep);
  const overrides = parseOverrides(named ? words.slice(1) : words);
  const registry = await loadRegistry();
  const sweep = selectFromSweep(await parseSweepWithPlugins(source, registry), overrides, registry);

  const folder = new RunFolder(options.out ?? `runs/${sweep.name}`);
  terminal.err(`${messages.resolvingBackend()}\n`);
  const backend = await chooseBackend(options.backend);
  terminal.err(`${messages.backendChosen(backend.name, backend.device, backend.reason)}\n`);

  const cells = makeCells(sweep, backend.name, overrides);
  checkPrecisions(cells, backend);
  sayWhatDiffersHere(sweep, backend, cells, terminal);
  const repeat = commandLine.replace(/ --(force|retry)\b/g, '');
  const provenance = collectProvenance(repeat, [backend.name]);
  const plugins = loadedPlugins();
  const code = { fingerprint: fingerprintsNow(), plugins: plugins.map(identityOf) };
  const plan = await planCells(folder, cells, {
    code,
    backendDetails: backend.details,
    retry: options.retry === true,
    force: options.force === true,
  });
  const kept = plan.filter((cell) => cell.action === 'keep');
  const again = (reason: string) => plan.filter((cell) => cell.action === 'run' && cell.reason === reason).length;
  const reasons = {
    stale: again('stale'),
    otherBackend: again('other-backend'),
    randomWeights: again('random-weights'),
  };
  terminal.err(`${messages.planned(sweep.name, plan.length, kept.length, reasons)}\n`);
  if (options.dryRun === true) {
    terminal.out(options.json === true ? `${JSON.stringify(plan.map(planEntry), null, 2)}\n` : planText(plan));
    return 0;
  }

  // An executor of the caller's brings its own models and data.
  if (options.executor === undefined) {
    const toRun = plan.filter((cell) => cell.action === 'run');
    await checkInputs(toRun, methodPlaces(source, registry), (line) => terminal.err(`${line}\n`));
  }
  // Not before everything else is known to be right: an error leaves nothing behind.
  await folder.prepare();
  await folder.writeManifest(manifestOf(sweep, cells, backend, plugins, repeat));
  const end = await runSweep({
    sweep: sweep.name,
    folder,
    plan,
    provenance,
    plugins,
    onError: options.onError === 'stop' ? 'stop' : 'continue',
    observer: new ProgressReporter(terminal, plan),
    executor: options.executor === undefined ? undefined : pathToFileURL(options.executor).href,
  });

  const loaded = await loadRun(folder, code);
  const report = buildReport(loaded);
  await writeReport(report, folder.reportFolder);
  if (options.json === true)
    terminal.out(
      `${JSON.stringify(
        loaded.cells.map((cell) => cell.result ?? planEntry(cell)),
        null,
        2,
      )}\n`,
    );
  else terminal.out(`\n${report.terminal({ colour: terminal.outColour })}\n`);

  if (kept.length === plan.length && kept.every((cell) => cell.result.status === 'ok')) {
    terminal.err(`${messages.allReused(kept.length)}\n`);
  }
  sayFailures(folder, loaded.cells, terminal, repeat, plan);
  sayEnd(end, repeat, terminal);
  terminal.err(`${messages.reportLies(relative(process.cwd(), folder.reportFolder) || '.')}\n`);
  return loaded.cells.every((cell) => cell.result?.status === 'ok') ? 0 : 1;
};

/** What the sweep sets for this backend, as far as nothing stronger replaces it. */
function sayWhatDiffersHere(sweep: Sweep, backend: ChosenBackend, cells: readonly Cell[], terminal: Terminal): void {
  const here = sweep.backends[splitBackendName(backend.name).name];
  if (here === undefined) return;
  const { task, training, ...rest } = here;
  const settings = Object.entries({ ...task, ...training, ...rest })
    .filter(([key, value]) => value !== undefined && cells.every((cell) => takes(cell, key, value)))
    .map(([key, value]) => `${key}=${typeof value === 'object' ? JSON.stringify(value) : value}`);
  if (settings.length > 0) terminal.err(`${messages.fewerHere(backend.name, settings.join(', '))}\n`);
}

function takes({ config }: Cell, key: string, value: unknown): boolean {
  const { task, training, saving, dropout } = config;
  return (
    canonicalJson(new Map(Object.entries({ ...task, ...training, saving, dropout })).get(key)) === canonicalJson(value)
  );
}

function manifestOf(
  sweep: Sweep,
  cells: RunManifest['cells'],
  backend: ChosenBackend,
  plugins: readonly LoadedPlugin[],
  command: string,
): RunManifest {
  return {
    schemaVersion: resultSchemaVersion,
    sweep: sweep.name,
    title: sweep.title,
    ...(sweep.description === undefined ? {} : { description: sweep.description }),
    size: sweep.size,
    command,
    backend: { name: backend.name, reason: backend.reason },
    notes: sweep.report.notes,
    ...(plugins.length === 0
      ? {}
      : {
          plugins: plugins.map((plugin) => ({ reference: portableReference(plugin), ...exportsOf(plugin) })),
        }),
    cells: cells.map(({ id, label, config }) => ({ id, label, config })),
  };
}

type Planned = Pick<PlannedCell, 'id' | 'label' | 'config'>;

function planEntry(cell: Planned & Partial<Pick<PlannedCell, 'action'>>) {
  return {
    id: cell.id,
    label: cell.label,
    ...(cell.action === undefined ? {} : { action: cell.action }),
    config: cell.config,
  };
}

function planText(plan: readonly PlannedCell[]): string {
  return plan
    .map(
      (cell) =>
        `${cell.id}  ${(cell.action === 'run' ? `run (${cell.reason})` : cell.result.status).padEnd(17)}  ${cellTitle(cell)}\n`,
    )
    .join('');
}

function sayFailures(
  folder: RunFolder,
  cells: Awaited<ReturnType<typeof loadRun>>['cells'],
  terminal: Terminal,
  repeat: string,
  plan: readonly PlannedCell[],
): void {
  const failed = cells.filter((cell) => cell.result?.status === 'oom' || cell.result?.status === 'failed');
  for (const { id, label, config, result } of failed) {
    if (result?.status !== 'oom' && result?.status !== 'failed') continue;
    terminal.err(`${messages.failureLine(label, config.seed, result.status, result.failure.message)}\n`);
    if (result.failure.remedy !== undefined) terminal.err(`  ${result.failure.remedy}\n`);
    terminal.err(`${messages.logPath(relative(process.cwd(), folder.logPath(id)))}\n`);
  }
  const keptFailures = plan.filter((cell) => cell.action === 'keep' && cell.result.status !== 'ok').length;
  if (keptFailures > 0) terminal.err(`${messages.keptFailures(keptFailures)}\n`);
  if (failed.length > 0) terminal.err(`${messages.retryLine(`${repeat} --retry`)}\n`);
}

function sayEnd(end: RunEnd, repeat: string, terminal: Terminal): void {
  if (end === 'interrupted') terminal.err(`${messages.stopped(repeat)}\n`);
  if (end === 'stopped-on-error') terminal.err(`${messages.stoppedOnError(repeat)}\n`);
  if (end === 'breaker') terminal.err(`${messages.breaker(breakerLimit, breakerSeconds, `${repeat} --retry`)}\n`);
}
