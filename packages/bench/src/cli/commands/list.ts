/** `leantune list`: names with one line each. */
import { UsageError, nearestName } from '@leantune/core';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { messages } from '../../messages.js';
import { loadRegistry } from '../../registry/packages.js';
import type { NamedEntry } from '../../registry/registry.js';
import { shippedFolder, shippedSweepNames } from '../../sweep/findSweep.js';
import type { CommandHandler } from '../table.js';

const kinds = {
  methods: async () => (await loadRegistry()).methods(),
  tasks: async () => (await loadRegistry()).tasks(),
  models: async () => (await loadRegistry()).models(),
  sweeps: async () => sweepEntries(),
  backends: async () => {
    await import('../../registry/backends.js');
    const { inspectEnvironment } = await import('@leantune/core/node');
    return (await inspectEnvironment()).backends.map((backend) => ({
      name: backend.name,
      summary: backend.loads ? backend.device.description : messages.backendDoesNotLoad(backend.reason, backend.remedy),
    }));
  },
} satisfies Record<string, () => Promise<readonly NamedEntry[]>>;

type Kind = keyof typeof kinds;

export const list: CommandHandler<'list'> = async ({ words, options, terminal }) => {
  const wanted = words[0] === undefined ? (Object.keys(kinds) as Kind[]) : [kindOf(words[0])];
  const found: Partial<Record<Kind, readonly NamedEntry[]>> = {};
  for (const kind of wanted) found[kind] = await kinds[kind]();
  if (options.json === true) {
    terminal.out(`${JSON.stringify(found, null, 2)}\n`);
    return 0;
  }
  const parts = wanted.map((kind) => {
    const entries = found[kind] ?? [];
    const width = Math.max(0, ...entries.map((entry) => entry.name.length));
    const lines = entries.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`.trimEnd());
    return [kind, ...lines].join('\n');
  });
  terminal.out(`${parts.join('\n\n')}\n`);
  return 0;
};

function kindOf(word: string): Kind {
  const names = Object.keys(kinds) as Kind[];
  const kind = names.find((name) => name === word || name === `${word}s`);
  if (kind !== undefined) return kind;
  throw new UsageError(messages.unknownKind(word, nearestName(word, names), names), {
    code: 'LEANTUNE_UNKNOWN_KIND',
    remedy: messages.helpRemedy('list'),
  });
}

function sweepEntries(): NamedEntry[] {
  return shippedSweepNames().map((name) => {
    const content: unknown = parseYaml(readFileSync(join(shippedFolder(), `${name}.yaml`), 'utf8'));
    const title = typeof content === 'object' && content !== null && 'title' in content ? String(content.title) : '';
    return { name, summary: title };
  });
}
