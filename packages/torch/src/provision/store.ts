import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inspectLibtorch, isUsable, type LibtorchInstallation } from '../libtorch/installation.js';
import { messages } from '../messages.js';
import { addonKey } from './recipe.js';

/** Written last, after the addon has computed a matrix product in a process of its own. */
export interface AddonManifest {
  readonly libtorch: LibtorchInstallation;
  /** `LEANTUNE_PYTHON` at set-up: an addon of a named Python is used only while it is named. */
  readonly python?: string;
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
 * The addon to load: of the libtorch that `LIBTORCH` names, else of the Python that `LEANTUNE_PYTHON` names, else any
 * that was compiled, the newest torch first. No Python is started. Without one: the reason.
 */
export function findCompiledAddon(
  cache: string,
  environment: NodeJS.ProcessEnv,
): CompiledAddon | { readonly reason: string; readonly remedy: string } {
  const remedy = messages.setupCommand();
  if (environment.LIBTORCH) {
    const found = inspectLibtorch(environment.LIBTORCH, 'LIBTORCH');
    if (!isUsable(found)) {
      return { reason: messages.namedLibtorch(found.reason), remedy: messages.namedLibtorchRemedy() };
    }
    return compiledAddon(cache, found) ?? { reason: messages.notCompiled(found.version, 'LIBTORCH'), remedy };
  }
  let outdated: string | undefined;
  for (const manifest of manifests(cache)) {
    if (manifest.libtorch.origin === 'LIBTORCH') continue;
    if (environment.LEANTUNE_PYTHON && manifest.python !== environment.LEANTUNE_PYTHON) continue;
    const libtorch = inspectLibtorch(dirname(manifest.libtorch.includeFolder), manifest.libtorch.origin);
    if (!isUsable(libtorch)) continue; // that torch was removed
    const addon = compiledAddon(cache, libtorch);
    if (addon !== undefined) return addon;
    outdated = messages.notCompiled(libtorch.version, libtorch.origin);
  }
  return { reason: outdated ?? messages.nothingCompiled(), remedy };
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
