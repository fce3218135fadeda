/** `leantune memory`: exact memory of one training step from shapes alone, without weights, data or a GPU. */
import { writeFileSync } from 'node:fs';
import { measureMethods } from '../../memory/measure.js';
import { breakdownTable, memoryJson, memoryNotes, memoryTable } from '../../memory/memoryTable.js';
import { resolveMemorySettings } from '../../memory/settings.js';
import { renderTerminal } from '../../report/renderTable.js';
import { terminalNote } from '../../report/terminalNote.js';
import type { CommandHandler } from '../table.js';

export const memory: CommandHandler<'memory'> = async ({ options, terminal, commandLine }) => {
  const { json, plot, ...typed } = options;
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
