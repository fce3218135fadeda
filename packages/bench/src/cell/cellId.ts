import { createHash } from 'node:crypto';
import type { CellConfig } from './contract.js';

/** Hexadecimal digits of a cell's id: 48 bits, short enough to type, far from collisions within a project. */
const idLength = 12;

/** JSON with keys in alphabetical order at every level and without undefined values. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** Identity of a cell: the same settings give the same id on every machine. */
export function cellId(config: CellConfig): string {
  return createHash('sha256').update(canonicalJson(config)).digest('hex').slice(0, idLength);
}
