/** Commands for sweeps and their runs. */
import { backend, json, offline, plugin, type CommandDefinition } from './definition.js';

export const sweepCommands = {
  run: {
    summary: 'run a sweep, or go on with one: what is finished is kept',
    arguments: [
      { usage: '[sweep]', summary: 'name of a shipped sweep or path of a YAML file (default: quickstart)' },
      {
        usage: '[settings...]',
        summary: 'key=value words that win over the file, e.g. epochs=1 methods=full,lora seeds=0',
      },
    ],
    options: {
      out: { flags: '--out <folder>', summary: 'folder of the run (default: runs/<sweep>)', kind: 'text' },
      backend,
      retry: { flags: '--retry', summary: 'run cells again that failed or ran out of memory', kind: 'flag' },
      force: { flags: '--force', summary: 'run every cell again', kind: 'flag' },
      onError: {
        flags: '--on-error <what>',
        summary: 'after a cell that failed: continue (default) or stop',
        kind: 'text',
        choices: ['continue', 'stop'],
      },
      dryRun: { flags: '--dry-run', summary: 'print the plan and run nothing', kind: 'flag' },
      plugin,
      offline,
      json,
      executor: { flags: '--executor <module>', summary: 'module that runs a cell', kind: 'text', hidden: true },
    },
    examples: [
      'npx leantune run',
      'npx leantune run sentences methods=full,lora seeds=0',
      'npx leantune run my/sweep.yaml --retry',
    ],
  },
  report: {
    summary: 'table and plots of a run',
    arguments: [{ usage: '<run>', summary: 'name of a sweep (its folder runs/<sweep>) or a folder' }],
    options: {
      out: {
        flags: '--out <folder>',
        summary: "where the report goes (default: report/ in the run's folder)",
        kind: 'text',
      },
      json,
    },
    examples: ['npx leantune report quickstart', 'npx leantune report results/sentences'],
  },
} as const satisfies Readonly<Record<string, CommandDefinition>>;
