/** Where the methods of a sweep are written: problems that only a model tells are told there. */
import { LineCounter, parseDocument } from 'yaml';
import { messages } from '../messages.js';
import type { Registry } from '../registry/registry.js';
import { formatPath } from './issues.js';
import { position } from './parseSweep.js';
import type { SweepSource } from './parseSweep.js';
import { writtenMethods } from './writtenNames.js';

export interface MethodPlace {
  readonly file: string;
  readonly line?: number;
  readonly key: string;
}

/** From canonical spellings to places; a method that the file does not name was named on the command line. */
export function methodPlaces(source: SweepSource, registry: Registry): (method: string) => MethodPlace {
  const lines = new LineCounter();
  const document = parseDocument(source.text, { lineCounter: lines });
  const places = new Map<string, MethodPlace>();
  for (const { path, spelling } of writtenMethods(document.toJS())) {
    const resolved = registry.resolveMethod(spelling);
    if (!('name' in resolved) || places.has(resolved.name)) continue;
    places.set(resolved.name, { file: source.file, ...position(document, lines, path), key: formatPath(path) });
  }
  return (method) => places.get(method) ?? { file: messages.commandLine(), key: 'methods' };
}
