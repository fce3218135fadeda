/** `leantune gradcheck`: reversible gradients beside ordinary ones, layer by layer. */
import { useBackend } from '@leantune/core';
import { loadBackend } from '@leantune/core/node';
import { gradcheck as check } from '../../gradcheck/gradcheck.js';
import { gradcheckNotes, gradcheckTable, isNoise } from '../../gradcheck/gradcheckTable.js';
import { resolveGradcheckSettings } from '../../gradcheck/settings.js';
import { assertApplies } from '../../run/checkMethods.js';
import { renderTerminal } from '../../report/renderTable.js';
import { terminalNote } from '../../report/terminalNote.js';
import type { CommandHandler } from '../table.js';
import '../../registry/backends.js';

export const gradcheck: CommandHandler<'gradcheck'> = async ({ words, options, terminal, commandLine }) => {
  const { json, backend, ...typed } = options;
  const [model, method] = words as [string, string];
  const settings = await resolveGradcheckSettings(model, method, typed);
  await assertApplies({ ...settings, maxLength: settings.sequenceLength });
  await useBackend(await loadBackend(backend, { requestedBy: '--backend' }));
  const result = await check(settings, (line) => terminal.err(`${line}\n`));
  if (json === true) {
    const { blueprint: _blueprint, config: _config, ...shown } = settings;
    const layers = result.layers.map((layer) => ({ ...layer, noise: isNoise(layer) }));
    terminal.out(`${JSON.stringify({ ...shown, ...result, layers }, null, 2)}\n`);
    return 0;
  }
  const notes = gradcheckNotes(settings, result, { ...result, command: commandLine }).map(terminalNote);
  const table = renderTerminal(gradcheckTable(settings, result), { colour: terminal.outColour });
  terminal.out(`${table}\n\n${notes.join('\n')}\n`);
  return 0;
};
