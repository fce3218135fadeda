/** `leantune new`: the folder of a new method or task, which passes its battery as it stands. */
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { UsageError, nearestName } from '@leantune/core';
import { messages } from '../../messages.js';
import { pluginMessages, type PluginPart } from '../../messages/plugins.js';
import { linkPackages } from '../../newPlugin/linkPackages.js';
import { writePlugin } from '../../newPlugin/writePlugin.js';
import type { CommandHandler } from '../table.js';

const next = {
  method: pluginMessages.newMethodNext,
  task: pluginMessages.newTaskNext,
} satisfies Record<PluginPart, unknown>;
const kinds = Object.keys(next);

export const create: CommandHandler<'new'> = async ({ words, options, terminal }) => {
  const [kind = '', name = ''] = words;
  if (!kinds.includes(kind)) {
    throw new UsageError(pluginMessages.newKind(kind, nearestName(kind, kinds), kinds), {
      code: 'LEANTUNE_NEW_KIND',
      remedy: messages.helpRemedy('new'),
    });
  }
  const part = kind as PluginPart;
  const parent = options.in ?? '.';
  const { folder, files } = options.link === true ? linkOnly(join(parent, name)) : writePlugin(part, name, parent);
  const links = linkPackages(folder);
  const shown = relative(process.cwd(), folder) || '.';
  if (options.json === true) terminal.out(`${JSON.stringify({ folder: shown, files, links }, null, 2)}\n`);
  else
    terminal.out(`${[...files.map((file) => join(shown, file)), pluginMessages.newLinked(shown, links)].join('\n')}\n`);
  terminal.err(`${next[part](shown, name)}\n`);
  return 0;
};

function linkOnly(folder: string): { readonly folder: string; readonly files: readonly string[] } {
  if (existsSync(folder)) return { folder, files: [] };
  throw new UsageError(messages.noSuchFolder(folder), {
    code: 'LEANTUNE_NEW_ABSENT',
    remedy: messages.helpRemedy('new'),
  });
}
