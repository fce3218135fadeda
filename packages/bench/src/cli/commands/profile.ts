/** `leantune profile`: step time and exact memory of methods, side by side. */
import { profileMethods } from '../../profile/profile.js';
import { profileNotes, profileTable, savedRatio } from '../../profile/profileTable.js';
import { resolveSettings } from '../../profile/settings.js';
import { loadRegistry } from '../../registry/packages.js';
import { renderTerminal } from '../../report/renderTable.js';
import { terminalNote } from '../../report/terminalNote.js';
import { collectProvenance } from '../../result/provenance.js';
import type { CommandHandler } from '../table.js';

export const profile: CommandHandler<'profile'> = async ({ words, options, terminal, commandLine }) => {
  const { json, ...typed } = options;
  const settings = await resolveSettings(words, typed, await loadRegistry());
  const profiled = await profileMethods(settings, (line) => terminal.err(`${line}\n`));
  const provenance = collectProvenance(commandLine, [profiled.backend.name]);
  if (json === true) {
    const first = profiled.methods[0];
    const methods = profiled.methods.map((row) => ({ ...row, savedRatioToFirst: savedRatio(row, first) }));
    terminal.out(`${JSON.stringify({ ...profiled, methods, provenance }, null, 2)}\n`);
    return 0;
  }
  const notes = profileNotes(profiled, provenance.cpu, commandLine).map(terminalNote);
  const table = renderTerminal(profileTable(profiled), { colour: terminal.outColour });
  terminal.out(`${table}\n\n${notes.join('\n')}\n`);
  return 0;
};
