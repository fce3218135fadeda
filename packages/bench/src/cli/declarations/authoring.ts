/** Commands for those who bring data, reference cases, methods or tasks of their own. */
import { json, offline, plugin, type CommandDefinition } from './definition.js';

export const authoringCommands = {
  data: {
    summary: 'datasets: what is there, whether it is right, where it comes from',
    arguments: [
      { usage: '<action>', summary: 'verify, show, where, fetch, or clean (removes encoded rows)' },
      { usage: '[what...]', summary: 'names of tasks; for verify, show and where also a folder, e.g. path/to/data' },
    ],
    options: {
      data: {
        flags: '--data <folder>',
        summary: 'folder to look in (default: LEANTUNE_DATA, then the cache)',
        kind: 'text',
      },
      plugin,
      offline,
      json,
    },
    examples: [
      'npx leantune data verify path/to/data',
      'npx leantune data fetch cola openbookqa',
      'npx leantune data show mrpc',
    ],
  },
  new: {
    summary: 'the folder of a new method or task, which passes its battery as it stands',
    arguments: [
      { usage: '<kind>', summary: 'method or task' },
      { usage: '<name>', summary: 'lower-case words joined by hyphens' },
    ],
    options: {
      in: { flags: '--in <folder>', summary: 'where the folder is made (default: here)', kind: 'text' },
      link: { flags: '--link', summary: 'write nothing: link leantune into a folder that exists', kind: 'flag' },
      json,
    },
    examples: ['npx leantune new method my-method', 'npx leantune new task my-task --in ../tasks'],
  },
  parity: {
    summary: 'run reference cases and print the largest error of each tensor',
    arguments: [{ usage: '<case...>', summary: 'folders holding a case.json' }],
    options: {
      backend: {
        flags: '--backend <names>',
        summary: 'backends, joined by commas (default: LEANTUNE_BACKEND, else the best)',
        kind: 'text',
      },
      quiet: { flags: '--quiet', summary: 'one line a run, and the tensors that do not hold', kind: 'flag' },
      offline,
      json,
    },
    examples: ['npx leantune parity path/to/cases/*'],
  },
} as const satisfies Readonly<Record<string, CommandDefinition>>;
