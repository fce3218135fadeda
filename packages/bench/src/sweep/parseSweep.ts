/** Sweep file → validated sweep, or all of its problems at once, each with file, line and key. */
import { ConfigurationError } from '@leantune/core';
import { LineCounter, isMap, isPair, isScalar, parseDocument } from 'yaml';
import type { Document, YAMLError } from 'yaml';
import { dirname } from 'node:path';
import { messages } from '../messages.js';
import type { Registry } from '../registry/registry.js';
import { zodIssues } from './issues.js';
import type { PathIssue } from './issues.js';
import { sweepSchema } from './schema.js';
import { normalizeSweep, resolveNames } from './sweep.js';
import type { Sweep } from './sweep.js';
import { writtenNameIssues } from './writtenNames.js';

export interface SweepSource {
  /** As shown to the user. */
  readonly file: string;
  readonly text: string;
}

/**
 * Paths of models start from the file's folder.
 * @param found problems of the file that are known already
 * @throws ConfigurationError with every problem of the file.
 */
export function parseSweep(source: SweepSource, registryOfAll: Registry, found: readonly PathIssue[] = []): Sweep {
  const base = dirname(source.file);
  const registry: Registry = { ...registryOfAll, resolveModel: (name) => registryOfAll.resolveModel(name, base) };
  const lines = new LineCounter();
  const document = parseDocument(source.text, { lineCounter: lines });
  if (document.errors.length > 0) {
    throw new ConfigurationError(
      document.errors.map((error) => ({
        file: source.file,
        line: lines.linePos(errorOffset(error, source.text)).line,
        key: 'YAML',
        message: (error.message.split('\n')[0] ?? error.message).replace(/ at line \d+.*$/, ''),
      })),
      { code: 'LEANTUNE_SWEEP_INVALID', remedy: messages.sweepRemedy(source.file) },
    );
  }
  const content: unknown = document.toJS();
  const parsed = sweepSchema.safeParse(content, { reportInput: true });
  const issues = [...found, ...writtenNameIssues(content, registry)];
  if (parsed.success) {
    const resolved = resolveNames(normalizeSweep(parsed.data), registry);
    if (issues.length === 0 && resolved.issues.length === 0) return resolved.sweep;
    // Names are reported where they are written; what is left are labels that repeat.
    if (issues.length === 0) issues.push(...resolved.issues);
  } else {
    issues.push(...zodIssues(sweepSchema, parsed.error));
  }
  throw new ConfigurationError(
    issues
      .map(({ path, ...issue }) => ({ file: source.file, ...position(document, lines, path), ...issue }))
      .sort((a, b) => (a.line ?? 0) - (b.line ?? 0)),
    { code: 'LEANTUNE_SWEEP_INVALID', remedy: messages.sweepRemedy(source.file) },
  );
}

/** An unclosed list or map is found out where the next key begins: what lacks its end stands before it. */
function errorOffset({ message, pos }: YAMLError, text: string): number {
  return message.startsWith('Flow ') ? Math.max(0, text.slice(0, pos[0]).trimEnd().length - 1) : pos[0];
}

/** Line of the deepest node of `path` that exists; an unknown key's own line, a missing key's parent. */
export function position(
  document: Document.Parsed,
  lines: LineCounter,
  path: readonly PropertyKey[],
): { line?: number } {
  for (let length = path.length; length > 0; length -= 1) {
    const parent: unknown = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const last = path[length - 1];
    if (isMap(parent)) {
      const pair: unknown = parent.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === last);
      if (isPair(pair) && isScalar(pair.key) && pair.key.range) return { line: lines.linePos(pair.key.range[0]).line };
    }
    const node: unknown = document.getIn(path.slice(0, length), true);
    const offset = rangeStart(node);
    if (offset !== undefined) return { line: lines.linePos(offset).line };
  }
  return {};
}

function rangeStart(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) return undefined;
  const start: unknown = node.range[0];
  return typeof start === 'number' ? start : undefined;
}
