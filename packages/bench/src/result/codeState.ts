/** Which code computes rows now, and whether a result is of that code. */
import { parseSpelling } from '@leantune/methods';
import type { CellConfig } from '../cell/contract.js';
import type { CellResult, PluginIdentity, RunManifest } from './schema.js';
import { locatePlugin } from '../plugins/locatePlugin.js';
import { hashPlugin } from '../plugins/pluginFiles.js';

export interface CodeState {
  /** Of leantune's own code that computes on a backend. */
  readonly fingerprint: (backend: string) => string;
  /** Plugins as they are now. */
  readonly plugins: readonly PluginIdentity[];
}

/** The plugins that a cell's method and tasks come from. */
export function usedPlugins<
  Plugin extends { readonly methods: readonly string[]; readonly tasks?: readonly string[] | undefined },
>({ method, task }: Pick<CellConfig, 'method' | 'task'>, plugins: readonly Plugin[]): Plugin[] {
  const methodsUsed = new Set(parseSpelling(method).map(({ name }) => name));
  const tasksUsed = new Set([task, ...(task.evaluate ?? [])].map(({ name }) => name));
  return plugins.filter(
    ({ methods, tasks = [] }) =>
      methods.some((name) => methodsUsed.has(name)) || tasks.some((name) => tasksUsed.has(name)),
  );
}

/** Whether other code computed the result: leantune's, or that of a plugin which the cell's method or task comes from. */
export function isStale({ config, provenance }: CellResult, code: CodeState): boolean {
  const hashes = (plugins: readonly PluginIdentity[]) =>
    plugins
      .map(({ sha256 }) => sha256)
      .sort()
      .join();
  return (
    provenance.codeFingerprint !== code.fingerprint(config.backend) ||
    hashes(provenance.plugins ?? []) !== hashes(usedPlugins(config, code.plugins))
  );
}

/** The plugins of a run as their files are now, without running them; one that is gone is left out. */
export function pluginsOnDisk({ plugins = [] }: RunManifest): PluginIdentity[] {
  return plugins.flatMap(({ reference, ...exported }) => {
    try {
      const place = locatePlugin(reference, process.cwd());
      return [{ name: place.name, ...exported, sha256: hashPlugin(place) }];
    } catch {
      return [];
    }
  });
}
