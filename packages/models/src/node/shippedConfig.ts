import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { findShippedName, shippedNames } from '../weights/shippedNames.js';

/** The content of a published model's config.json. */
export interface ShippedConfig {
  /** Name at the Hugging Face hub. */
  readonly id: string;
  readonly config: unknown;
}

// As far from `src/node` as from `dist/node`.
const folder = resolve(import.meta.dirname, '../../configs');

/** The short names of the models whose config.json ships with this package. */
export function shippedConfigNames(): string[] {
  return shippedNames.map(({ name }) => name);
}

/** The configuration of a published model by its short name or its name at the hub, in any case of letters. */
export function readShippedConfig(name: string): ShippedConfig | undefined {
  const found = findShippedName(name);
  if (found === undefined) return undefined;
  return { id: found.id, config: JSON.parse(readFileSync(resolve(folder, `${found.name}.json`), 'utf8')) as unknown };
}
