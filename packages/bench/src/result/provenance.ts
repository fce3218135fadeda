/** Where and from which code a result comes; everything but the cell's own sources. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { codeFingerprint } from './fingerprint.js';
import type { Provenance } from './schema.js';

export type RunProvenance = Omit<Provenance, 'startedAt' | 'finishedAt' | 'plugins'>;

/** Collected once per run; `command` as the user would repeat it, `backends` those that compute. */
export function collectProvenance(command: string, backends: readonly string[] = []): RunProvenance {
  const git = gitState();
  const processors = cpus();
  return {
    ...(git === undefined ? {} : { git }),
    codeFingerprint: codeFingerprint(backends),
    packages: packageVersions(),
    node: process.version,
    os: `${platform()} ${release()} ${arch()}`,
    cpu: { model: processors[0]?.model.trim() ?? 'unknown', count: Math.max(1, processors.length) },
    memoryBytes: totalmem(),
    command,
  };
}

/** Commit of the checkout and a hash over everything that is not committed; undefined outside of a checkout. */
function gitState(): Provenance['git'] | undefined {
  const cwd = fileURLToPath(new URL('../../', import.meta.url));
  const git = (...words: string[]) =>
    execFileSync('git', ['-C', cwd, ...words], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 2 ** 28,
    });
  try {
    const commit = git('rev-parse', 'HEAD').trim();
    // From the checkout's root: committed results are outputs, they do not make code dirty.
    const changed = git('status', '--porcelain', '--', ':/', ':(top,exclude)results', ':(top,exclude)runs');
    if (changed.trim() === '') return { commit, dirty: false };
    const difference = git('diff', 'HEAD', '--', ':/', ':(top,exclude)results');
    return {
      commit,
      dirty: true,
      dirtyHash: createHash('sha256').update(changed).update(difference).digest('hex').slice(0, 16),
    };
  } catch {
    return undefined;
  }
}

/** Libraries that compute, beside leantune itself. Read from core's view of the dependency tree. */
const computingPackages = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-wasm', '@tensorflow/tfjs-node'];

function packageVersions(): Record<string, string> {
  const versions: Record<string, string> = { leantune: versionIn(new URL('../../package.json', import.meta.url)) };
  const fromCore = createRequire(new URL('../../../core/package.json', import.meta.url));
  for (const name of computingPackages) {
    try {
      versions[name] = versionIn(fromCore.resolve(`${name}/package.json`));
    } catch {
      // Not installed here: nothing computed with it.
    }
  }
  return versions;
}

function versionIn(packageJson: string | URL): string {
  const content: unknown = JSON.parse(readFileSync(packageJson, 'utf8'));
  return typeof content === 'object' && content !== null && 'version' in content ? String(content.version) : 'unknown';
}
