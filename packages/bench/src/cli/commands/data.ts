/** `leantune data`: what of the datasets is there, whether it is right, and how to get it. */
import { UsageError, nearestName } from '@leantune/core';
import { getTask, taskNames } from '@leantune/tasks';
import { dataMessages } from '../../messages/data.js';
import type { CommandHandler, CommandInput } from '../table.js';
import { cleanData } from './dataClean.js';
import { fetchData } from './dataFetch.js';
import { showData, whereData } from './dataShow.js';
import { verifyData } from './dataVerify.js';

const actions = { verify: verifyData, show: showData, where: whereData, fetch: fetchData, clean: cleanData };

export interface DataInput extends Omit<CommandInput<'data'>, 'words'> {
  /** Tasks that were named; none: all, where that makes sense. */
  readonly tasks: readonly string[];
  /** A folder that was named; default: LEANTUNE_DATA and the cache. */
  readonly folder: string | undefined;
}

export const data: CommandHandler<'data'> = async ({ words, ...input }) => {
  const [action = '', ...rest] = words;
  const names = Object.keys(actions);
  if (!Object.hasOwn(actions, action)) {
    throw usage(dataMessages.unknownAction(action, names, nearestName(action, names)));
  }
  // A folder is told from a task by its path: `.`, `data/`, `path/to/data`.
  const folder = input.options.data ?? rest.find((word) => /[/\\]|^\.+$/.test(word) && !taskNames().includes(word));
  const tasks = rest.filter((word) => word !== folder).map((word) => getTask(word).name);
  if (tasks.length === 0 && (action === 'show' || action === 'fetch')) throw usage(dataMessages.taskNeeded(action));
  return actions[action as keyof typeof actions]({ ...input, tasks, folder });
};

function usage(message: string): UsageError {
  return new UsageError(message, { code: 'LEANTUNE_DATA_USAGE', remedy: dataMessages.remedy() });
}
