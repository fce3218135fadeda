/** Commands for what is installed, and for what there is to choose from. */
import { json, offline, plugin, type CommandDefinition } from './definition.js';

export const installationCommands = {
  list: {
    summary: 'what there is to choose from',
    arguments: [{ usage: '[what]', summary: 'methods, tasks, models, sweeps or backends (default: all)' }],
    options: { plugin, json },
    examples: ['npx leantune list', 'npx leantune list methods'],
  },
  show: {
    summary: 'one thing in full: a sweep with its cells, a cell, a method, a task, a model',
    arguments: [{ usage: '<name>', summary: "name, or the first digits of a cell's id" }],
    options: {
      backend: { flags: '--backend <name>', summary: 'resolve a sweep for this backend', kind: 'text' },
      plugin,
      offline,
      json,
    },
    examples: ['npx leantune show sentences', 'npx leantune show lora', 'npx leantune show 3f9a'],
  },
  setup: {
    summary: 'provide a native backend below the cache folder',
    arguments: [
      { usage: '[backend]', summary: 'tensorflow (default), or torch: compiled against the torch that is found' },
    ],
    options: {
      force: { flags: '--force', summary: 'throw away an earlier set-up and start afresh', kind: 'flag' },
      official: {
        flags: '--official',
        summary: 'download the official binary of tfjs-node instead of compiling its binding',
        kind: 'flag',
      },
      offline: { ...offline, conflicts: ['official'] },
      json,
    },
    examples: ['npx leantune setup', 'npx leantune setup torch'],
  },
  doctor: {
    summary: 'what is installed here, what each backend needs, and why',
    arguments: [],
    options: { json },
    examples: ['npx leantune doctor'],
  },
} as const satisfies Readonly<Record<string, CommandDefinition>>;
