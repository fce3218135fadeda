import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { bindingKey } from './bindingRecipe.js';
import { inspectTensorflow, isUsable } from './installation.js';
import type { TensorflowInstallation, TensorflowOrigin, UnusableTensorflow } from './installation.js';
import { nodeMessages } from '../messages.js';

/** Version of TensorFlow that `leantune setup` installs where the machine has none. */
export const pinnedTensorflow = '2.21.0';

/** Written last, after the binding has computed a matrix product in a process of its own. */
export interface BindingManifest {
  readonly tensorflowVersion: string;
  readonly tensorflowFolder: string;
  /** How that TensorFlow was found; one that was named by the user is used only while it is named. */
  readonly origin: TensorflowOrigin;
  readonly tfjsVersion: string;
  /** First line of the compiler's `--version`. */
  readonly compiler: string;
  readonly gpu: boolean;
}

export interface CompiledBinding {
  readonly addonPath: string;
  readonly tensorflow: TensorflowInstallation;
  readonly manifest: BindingManifest;
}

/** Paths below the cache folder; nothing is created. */
export function tensorflowCache(cache: string): string {
  return join(cache, 'tensorflow');
}
export function privateEnvironmentFolder(cache: string): string {
  return join(tensorflowCache(cache), `venv-${pinnedTensorflow}`);
}
export function bindingFolder(cache: string, tensorflow: TensorflowInstallation): string {
  return join(tensorflowCache(cache), bindingKey(tensorflow));
}
export const addonFile = 'tfjs_binding.node';
export const manifestFile = 'binding.json';

/** The finished binding for `tensorflow`; undefined where none was compiled and proven. */
export function compiledBinding(cache: string, tensorflow: TensorflowInstallation): CompiledBinding | undefined {
  const folder = bindingFolder(cache, tensorflow);
  const manifest = readManifest(folder);
  const addonPath = join(folder, addonFile);
  if (manifest === undefined || !existsSync(addonPath)) return undefined;
  return { addonPath, tensorflow, manifest };
}

/**
 * The binding to load: of the TensorFlow that `LEANTUNE_TENSORFLOW` names and of no other where that is set; else of
 * the private environment, else of the user's Python where a binding was compiled for that. Without one: the reason.
 */
export function findCompiledBinding(
  cache: string,
  environment: NodeJS.ProcessEnv,
): CompiledBinding | { readonly reason: string; readonly remedy: string } {
  const named = environment.LEANTUNE_TENSORFLOW;
  if (named) {
    const found = inspectTensorflow(named, 'LEANTUNE_TENSORFLOW');
    if (!isUsable(found)) {
      return {
        reason: nodeMessages.namedTensorflow(found.reason),
        remedy: nodeMessages.namedTensorflowRemedy(),
      };
    }
    return (
      compiledBinding(cache, found) ?? {
        reason: nodeMessages.notCompiled(found.version, found.origin),
        remedy: nodeMessages.setupCommand(),
      }
    );
  }
  const usable = compiledFor(cache).filter(isUsable);
  for (const tensorflow of usable) {
    const binding = compiledBinding(cache, tensorflow);
    if (binding !== undefined) return binding;
  }
  const [first] = usable;
  return {
    reason: first ? nodeMessages.notCompiled(first.version, first.origin) : nodeMessages.nothingInstalled(),
    remedy: nodeMessages.setupCommand(),
  };
}

/** TensorFlows that may have a binding: the private one first, then those of the user's Python that manifests name. */
function compiledFor(cache: string): (TensorflowInstallation | UnusableTensorflow)[] {
  const privateFolder = privateEnvironmentFolder(cache);
  const own = existsSync(privateFolder) ? [inspectTensorflow(privateFolder, 'private environment')] : [];
  const root = tensorflowCache(cache);
  const others = (existsSync(root) ? readdirSync(root).sort() : []).flatMap((name) => {
    const manifest = readManifest(join(root, name));
    return manifest?.origin === 'python3' ? [inspectTensorflow(manifest.tensorflowFolder, 'python3')] : [];
  });
  return [...own, ...others];
}

function readManifest(folder: string): BindingManifest | undefined {
  const file = join(folder, manifestFile);
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as BindingManifest;
  } catch {
    return undefined; // a manifest cut short counts as not finished: set-up compiles anew
  }
}
