/** `leantune show`: finds out what a name stands for and prints it in full, as YAML or JSON. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError, nearestName } from '@leantune/core';
import { stringify as toYaml } from 'yaml';
import { messages } from '../../messages.js';
import { parseSweepWithPlugins } from '../../plugins/sweepPlugins.js';
import { loadRegistry } from '../../registry/packages.js';
import { RunFolder } from '../../result/runFolder.js';
import type { CellResult } from '../../result/schema.js';
import { chooseBackend } from '../../run/resolveBackend.js';
import { makeCells } from '../../sweep/cells.js';
import { findSweep, shippedSweepNames } from '../../sweep/findSweep.js';
import type { CommandHandler } from '../table.js';

export const show: CommandHandler<'show'> = async ({ words, options, terminal }) => {
  const name = words[0] ?? '';
  const found = await find(name, options.backend);
  // Declarations hold functions, which neither format prints.
  const json = JSON.stringify(found, null, 2);
  terminal.out(options.json === true ? `${json}\n` : toYaml(JSON.parse(json), { lineWidth: 110 }));
  return 0;
};

async function find(name: string, backend: string | undefined): Promise<unknown> {
  if (shippedSweepNames().includes(name) || /\.ya?ml$/.test(name)) return describeSweep(name, backend);
  const registry = await loadRegistry();
  const described = registry.describe(name);
  if (described !== undefined) return withConfiguration(await withMeasured(described));
  if (/^[0-9a-f]{3,}$/.test(name)) {
    const result = await findCell(name);
    if (result !== undefined) return result;
  }
  const names = [
    ...shippedSweepNames(),
    ...[...registry.methods(), ...registry.tasks(), ...registry.models()].map((entry) => entry.name),
  ];
  throw new UsageError(messages.unknownThing(name, nearestName(name, names)), {
    code: 'LEANTUNE_UNKNOWN_NAME',
    remedy: messages.listRemedy(),
  });
}

/** What a published model's config.json says, where it ships with leantune. */
async function withConfiguration(described: unknown): Promise<unknown> {
  if (typeof described !== 'object' || described === null || !('model' in described) || 'files' in described) {
    return described;
  }
  const { readShippedConfig } = await import('@leantune/models/node');
  return { ...described, ...readShippedConfig(String(described.model)) };
}

/** A method's options, and what one step of it trains and keeps: as on its page. */
async function withMeasured(described: unknown): Promise<unknown> {
  if (typeof described !== 'object' || described === null || !('method' in described)) return described;
  const { methodFacts } = await import('../../methodPage/facts.js');
  const { memory, measured } = await methodFacts(String(described.method));
  return {
    ...described,
    ...(memory === undefined ? {} : { memory }),
    ...(measured === undefined
      ? {}
      : { measured: { ...measured, trained: measured.trained.map(messages.trainedGroup) } }),
  };
}

async function describeSweep(name: string, requested: string | undefined): Promise<unknown> {
  const sweep = await parseSweepWithPlugins(findSweep(name), await loadRegistry());
  const backend = await chooseBackend(requested);
  const cells = makeCells(sweep, backend.name, {});
  return { sweep, backend: backend.name, cells: cells.map(({ id, label, config }) => ({ id, label, config })) };
}

/** Runs below `runs/` and `results/` of the current folder. */
function runFolders(): RunFolder[] {
  return ['runs', 'results']
    .filter((parent) => existsSync(parent))
    .flatMap((parent) => readdirSync(parent).map((name) => new RunFolder(join(parent, name))))
    .filter((folder) => existsSync(folder.manifestPath));
}

async function findCell(prefix: string): Promise<CellResult | undefined> {
  const matches: { folder: RunFolder; id: string }[] = [];
  for (const folder of runFolders()) {
    for (const id of await folder.resultIds()) if (id.startsWith(prefix)) matches.push({ folder, id });
  }
  const ids = [...new Set(matches.map((match) => match.id))];
  if (ids.length > 1) {
    throw new UsageError(messages.ambiguousCell(prefix, ids), {
      code: 'LEANTUNE_AMBIGUOUS_CELL',
      remedy: messages.ambiguousCellRemedy(),
    });
  }
  const first = matches[0];
  return first === undefined ? undefined : first.folder.readResult(first.id);
}
