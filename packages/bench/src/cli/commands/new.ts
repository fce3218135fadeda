/** `leantune new`: the folder of a new method, which passes the contract battery as it stands. */
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { UsageError, nearestName } from '@leantune/core';
import { messages } from '../../messages.js';
import { linkPackages } from '../../newMethod/linkPackages.js';
import { writeMethod } from '../../newMethod/writeMethod.js';
import type { CommandHandler } from '../table.js';

const kinds = ['method'];

export const create: CommandHandler<'new'> = async ({ words, options, terminal }) => {
  const [kind = '', name = ''] = words;
  if (!kinds.includes(kind)) {
    throw new UsageError(messages.newKind(kind, nearestName(kind, kinds), kinds), {
      code: 'LEANTUNE_NEW_KIND',
      remedy: messages.helpRemedy('new'),
    });
  }
  const parent = options.in ?? '.';
  const { folder, files } = options.link === true ? linkOnly(join(parent, name)) : writeMethod(name, parent);
  const links = linkPackages(folder);
  const shown = relative(process.cwd(), folder) || '.';
  if (options.json === true) terminal.out(`${JSON.stringify({ folder: shown, files, links }, null, 2)}\n`);
  else terminal.out(`${[...files.map((file) => join(shown, file)), messages.newLinked(shown, links)].join('\n')}\n`);
  terminal.err(`${messages.newMethodNext(shown, name)}\n`);
  return 0;
};

function linkOnly(folder: string): { readonly folder: string; readonly files: readonly string[] } {
  if (existsSync(folder)) return { folder, files: [] };
  throw new UsageError(messages.noSuchFolder(folder), {
    code: 'LEANTUNE_NEW_ABSENT',
    remedy: messages.helpRemedy('new'),
  });
}
