/** `leantune memory`: exact memory of one training step from shapes alone, and beside it what a device's allocator says. */
import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigurationError } from '@leantune/core';
import { findSweep } from '../../sweep/findSweep.js';
import { messages } from '../../messages.js';
import { measureMethods } from '../../memory/measure.js';
import { breakdownTable, memoryJson, memoryNotes, memoryTable } from '../../memory/memoryTable.js';
import { resolveMemorySettings } from '../../memory/settings.js';
import { renderTerminal } from '../../report/renderTable.js';
import { terminalNote } from '../../report/terminalNote.js';
import type { CommandHandler } from '../table.js';

export const memory: CommandHandler<'memory'> = async (invocation) => {
  const { options, terminal, commandLine } = invocation;
  const { json, plot, sweep, out, backend, ...typed } = options;
  if (sweep !== undefined) return measureSweep(invocation, sweep);
  if (backend !== undefined) return compareDevice(invocation, backend);
  if (out !== undefined) throw wrongOption('--out', messages.memorySweepOut());
  const settings = await resolveMemorySettings(typed);
  const rows = await measureMethods(settings);
  if (plot !== undefined) {
    // Only here: the drawing libraries take longer to load than the answer takes.
    const { timelinePlot } = await import('../../memory/timelinePlot.js');
    const { renderPng, renderSvg } = await import('../../plot/render.js');
    const { title } = memoryTable(settings, rows);
    const drawn = timelinePlot(rows, {
      title,
      subtitle: [`${settings.precision}, ${settings.optimizerName}, ${settings.saving}`],
    });
    const svg = await renderSvg(drawn.spec);
    writeFileSync(plot, plot.endsWith('.png') ? renderPng(svg) : svg);
  }
  if (json === true) {
    const objects = rows.map((row) => memoryJson(settings, row));
    terminal.out(`${JSON.stringify(options.methods === undefined ? objects[0] : objects, null, 2)}\n`);
    return 0;
  }
  const single = options.methods === undefined ? rows[0] : undefined;
  const table = single === undefined ? memoryTable(settings, rows) : breakdownTable(settings, single);
  const notes = memoryNotes(settings, rows, commandLine).map(terminalNote);
  terminal.out(`${renderTerminal(table, { colour: terminal.outColour })}\n\n${notes.join('\n')}\n`);
  return 0;
};

async function compareDevice(
  { options, terminal, commandLine }: Parameters<CommandHandler<'memory'>>[0],
  backend: string,
): Promise<number> {
  const { json, plot, out, sweep: _sweep, backend: _backend, ...typed } = options;
  for (const [key, value] of [
    ['--fit', typed.fit],
    ['--plot', plot],
  ] as const) {
    if (value !== undefined) throw wrongOption(key, messages.memoryBackendWithout());
  }
  const settings = await resolveMemorySettings(typed);
  const { compareWithDevice } = await import('../../memory/onDevice.js');
  const { deviceNotes, deviceRecord, deviceTable, writeDeviceReport } = await import('../../memory/onDeviceTable.js');
  const compared = await compareWithDevice(settings, backend, (line) => terminal.err(`${line}\n`));
  if (json === true) {
    terminal.out(`${JSON.stringify(deviceRecord(settings, compared, commandLine), null, 2)}\n`);
  } else {
    const notes = deviceNotes(settings, compared, commandLine).map(terminalNote);
    const table = renderTerminal(deviceTable(settings, compared), { colour: terminal.outColour });
    terminal.out(`${table}\n\n${notes.join('\n')}\n`);
  }
  if (out !== undefined) {
    const files = await writeDeviceReport(settings, compared, commandLine, out);
    terminal.err(`${messages.memoryFilesWritten(files.length, out)}\n`);
  }
  return compared.methods.every(({ failure }) => failure === undefined) ? 0 : 1;
}

async function measureSweep(
  { options, terminal, commandLine }: Parameters<CommandHandler<'memory'>>[0],
  name: string,
): Promise<number> {
  const { json, sweep: _sweep, out, ...others } = options;
  const [extra] = Object.keys(others).filter((key) => others[key as keyof typeof others] !== undefined);
  if (extra !== undefined) throw wrongOption(`--${extra}`, messages.memorySweepAlone());
  const { parseMemorySweep, rowsOf } = await import('../../memory/sweepFile.js');
  const { measureRows } = await import('../../memory/measureSweep.js');
  const { paperTable, sweepRecords, sweepTables } = await import('../../memory/sweepReport.js');
  const { sweepNotes, writeSweepReport } = await import('../../memory/writeSweep.js');
  const source = findSweep(name);
  const sweep = parseMemorySweep(source);
  const rows = await measureRows(rowsOf(sweep), dirname(source.file), () => undefined);
  const run = { sweep, rows, command: commandLine };
  if (json === true) {
    terminal.out(`${JSON.stringify(sweepRecords(rows), null, 2)}\n`);
  } else {
    const paper = paperTable(sweep, rows);
    const tables = [...(paper === undefined ? [] : [paper]), ...sweepTables(sweep, rows)];
    const shown = tables.map((table) => renderTerminal(table, { colour: terminal.outColour }));
    terminal.out(`${[...shown, sweepNotes(run).map(terminalNote).join('\n')].join('\n\n')}\n`);
  }
  if (out !== undefined) {
    const files = await writeSweepReport(run, out);
    terminal.err(`${messages.memoryFilesWritten(files.length, out)}\n`);
  }
  return 0;
}

function wrongOption(key: string, message: string): ConfigurationError {
  return new ConfigurationError([{ file: messages.commandLine(), key, message }], {
    code: 'LEANTUNE_MEMORY_INVALID',
    remedy: messages.helpRemedy('memory'),
  });
}
