/** The files that a plugin consists of, and their hash: rows that other code computed are stale. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { withoutComments } from '../result/fingerprint.js';
import { scriptExtensions, type PluginPlace } from './locatePlugin.js';

/** Below a plugin's folder: what others wrote, and what it was built from or into besides. */
const otherFolders = new Set(['node_modules', 'runs', 'results', 'coverage']);
const isScript = (file: string) => scriptExtensions.some((extension) => file.endsWith(extension));
const isTest = (file: string) => /\.(test|spec)\.[mc]?[jt]s$/.test(file);

/** SHA-256 over names and contents (scripts without their comments). */
export function hashPlugin(place: PluginPlace): string {
  const root = place.folder ?? dirname(place.entry);
  const hash = createHash('sha256');
  for (const file of pluginFiles(place)) {
    const text = readFileSync(file, 'utf8');
    hash.update(relative(root, file).split(sep).join('/')).update('\0');
    hash.update(isScript(file) ? withoutComments(text) : text).update('\0');
  }
  return hash.digest('hex');
}

/** Scripts and JSON of a folder, tests left out; of a single file it and what it imports by a relative path. */
function pluginFiles({ entry, folder }: PluginPlace): string[] {
  return (folder === undefined ? [...importedFiles(entry)] : filesBelow(folder)).sort();
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((found) => {
    const path = join(folder, found.name);
    if (found.name.startsWith('.')) return [];
    if (found.isDirectory()) return otherFolders.has(found.name) ? [] : filesBelow(path);
    if (isTest(found.name) || found.name.startsWith('vitest.config.')) return [];
    return isScript(found.name) || found.name.endsWith('.json') ? [path] : [];
  });
}

function importedFiles(entry: string, seen = new Set<string>()): Set<string> {
  if (seen.has(entry)) return seen;
  seen.add(entry);
  if (!isScript(entry)) return seen;
  const specifiers = readFileSync(entry, 'utf8').matchAll(/\b(?:from|import)\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/g);
  for (const [, specifier = ''] of specifiers) {
    const path = resolve(dirname(entry), specifier);
    const file = [path, path.replace(/js$/, 'ts')].find((candidate) => existsSync(candidate));
    if (file !== undefined) importedFiles(file, seen);
  }
  return seen;
}
