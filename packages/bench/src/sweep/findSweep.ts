/** Shipped sweeps by name, others by path. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError, nearestName } from '@leantune/core';
import { messages } from '../messages.js';
import type { SweepSource } from './parseSweep.js';

const extension = /\.ya?ml$/;

/** `sweeps/` beside the packages. */
export function shippedFolder(): string {
  return fileURLToPath(new URL('../../../../sweeps/', import.meta.url));
}

export function shippedSweepNames(folder = shippedFolder()): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => extension.test(file))
    .map((file) => basename(file).replace(extension, ''))
    .sort();
}

/** A path to a YAML file, or the name of a shipped sweep. @throws UsageError naming the nearest sweep. */
export function findSweep(nameOrPath: string, folder = shippedFolder()): SweepSource {
  const path = extension.test(nameOrPath) ? nameOrPath : join(folder, `${nameOrPath}.yaml`);
  if (existsSync(path)) {
    const shown = relative(process.cwd(), path);
    return { file: shown.startsWith('..') ? path : shown, text: readFileSync(path, 'utf8') };
  }
  const names = shippedSweepNames(folder);
  const isPath = extension.test(nameOrPath);
  throw new UsageError(
    isPath ? messages.noSweepFile(nameOrPath) : messages.noSweep(nameOrPath, nearestName(nameOrPath, names)),
    { code: 'LEANTUNE_UNKNOWN_SWEEP', remedy: messages.noSweepRemedy(names) },
  );
}
