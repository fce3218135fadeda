import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isProblem, type Problem } from '@leantune/core/node';
import { findLibtorch } from '../libtorch/find.js';
import { inspectLibtorch, isUsable, type LibtorchInstallation } from '../libtorch/installation.js';
import { messages } from '../messages.js';
import { addonKey } from './recipe.js';

/** Written last, after the addon has computed a matrix product in a process of its own. */
export interface AddonManifest {
  readonly libtorch: LibtorchInstallation;
  /** First line of the compiler's `--version`. */
  readonly compiler: string;
}

export interface CompiledAddon {
  readonly addonPath: string;
  readonly manifest: AddonManifest;
}

/** Paths below the cache folder; nothing is created. */
export function torchCache(cache: string): string {
  return join(cache, 'torch');
}
export function addonFolder(cache: string, libtorch: LibtorchInstallation): string {
  return join(torchCache(cache), addonKey(libtorch));
}
export const addonFile = 'torch.node';
export const manifestFile = 'addon.json';

/** The finished addon for `libtorch`; undefined where none was compiled and proven. */
export function compiledAddon(cache: string, libtorch: LibtorchInstallation): CompiledAddon | undefined {
  const folder = addonFolder(cache, libtorch);
  const manifest = readManifest(folder);
  const addonPath = join(folder, addonFile);
  return manifest !== undefined && existsSync(addonPath) ? { addonPath, manifest } : undefined;
}

/**
 * The addon to load: of the libtorch that `LIBTORCH` or `LEANTUNE_PYTHON` names, else any that was compiled, the newest
 * torch first. Without one: the reason.
 */
export async function findCompiledAddon(
  cache: string,
  environment: NodeJS.ProcessEnv,
): Promise<CompiledAddon | Problem> {
  const isNamed = Boolean(environment.LIBTORCH || environment.LEANTUNE_PYTHON);
  const candidates = isNamed ? [await findLibtorch(environment)] : earlierLibtorchs(cache);
  for (const libtorch of candidates) {
    if (isProblem(libtorch)) return libtorch;
    const addon = compiledAddon(cache, libtorch);
    if (addon !== undefined) return addon;
  }
  const [first] = candidates as LibtorchInstallation[];
  return {
    reason: first === undefined ? messages.nothingCompiled() : messages.notCompiled(first.version, first.origin),
    remedy: messages.setupCommand(),
  };
}

/** Libtorchs that set-up has compiled against and that are still there, the newest first. No Python is started. */
export function earlierLibtorchs(cache: string): LibtorchInstallation[] {
  return manifests(cache)
    .filter(({ libtorch }) => libtorch.origin !== 'LIBTORCH')
    .map(({ libtorch }) => inspectLibtorch(dirname(libtorch.includeFolder), libtorch.origin))
    .filter(isUsable);
}

function manifests(cache: string): AddonManifest[] {
  const root = torchCache(cache);
  return (existsSync(root) ? readdirSync(root) : [])
    .flatMap((name) => readManifest(join(root, name)) ?? [])
    .sort((a, b) => b.libtorch.version.localeCompare(a.libtorch.version, 'en', { numeric: true }));
}

function readManifest(folder: string): AddonManifest | undefined {
  const file = join(folder, manifestFile);
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as AddonManifest;
  } catch {
    return undefined; // a manifest cut short counts as not finished: set-up compiles anew
  }
}
