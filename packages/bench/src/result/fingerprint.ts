/** Hash of the compiled code that affects a cell's numbers, so that old rows can be told from current ones. */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { splitBackendName } from '@leantune/core';

/** Below those folders: code that tests, installs or explains, and computes nothing. */
const otherCode = new Set(['testing', 'doctor', 'provision', 'messages.js']);

/** Compiled folders whose code a cell executes; tables and the command line are not among them. */
const numberFolders = ['core/dist', 'models/dist', 'methods/dist', 'tasks/dist', 'bench/dist/cell'];

/** Further ones of a backend that has a package of its own. */
const backendFolders: Readonly<Record<string, readonly string[]>> = { torch: ['torch/dist', 'torch/native'] };

/** Sources of native addons count as they are, compiled or not. */
const sources = /(?<!\.test)\.js$|\.(?:cc|h)$/;

const packagesFolder = () => fileURLToPath(new URL('../../../', import.meta.url));

/** @param backends those that compute, as `torch` or `torch:cuda:0` */
export function codeFingerprint(backends: readonly string[] = [], root = packagesFolder()): string {
  const names = new Set(backends.map((backend) => splitBackendName(backend).name));
  const own = [...names].sort().flatMap((name) => backendFolders[name] ?? []);
  const hash = createHash('sha256');
  for (const folder of [...numberFolders, ...own]) {
    for (const file of sourceFiles(join(root, folder))) {
      hash.update(relative(root, file).split(sep).join('/')).update('\0');
      hash.update(withoutComments(readFileSync(file, 'utf8'))).update('\0');
    }
  }
  return hash.digest('hex').slice(0, 16);
}

/** The fingerprint of each backend's code as it is now, read once. */
export function fingerprintsNow(): (backend: string) => string {
  const known = new Map<string, string>();
  return (backend) => {
    const fingerprint = known.get(backend) ?? codeFingerprint([backend]);
    known.set(backend, fingerprint);
    return fingerprint;
  };
}

function sourceFiles(folder: string): string[] {
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
  return entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (otherCode.has(entry.name)) return [];
      if (entry.isDirectory()) return sourceFiles(path);
      return sources.test(entry.name) ? [path] : [];
    });
}

/** Drops lines that are only comment: rewording a docstring does not make results stale. */
export function withoutComments(script: string): string {
  let inBlock = false;
  const kept: string[] = [];
  for (const line of script.split('\n')) {
    const text = line.trim();
    if (inBlock) {
      inBlock = !text.includes('*/');
      continue;
    }
    if (text === '' || text.startsWith('//')) continue;
    if (text.startsWith('/*')) {
      if (text.endsWith('*/')) continue;
      if (!text.includes('*/')) {
        inBlock = true;
        continue;
      }
    }
    kept.push(line);
  }
  return kept.join('\n');
}
