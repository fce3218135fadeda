/** Which code computes rows now, and whether a result is of that code. */
import { parseSpelling } from '@leantune/methods';
import type { CellResult, PluginIdentity, RunManifest } from './schema.js';
import { locatePlugin } from '../plugins/locatePlugin.js';
import { hashPlugin } from '../plugins/pluginFiles.js';

export interface CodeState {
  /** Of leantune's own code that computes on a backend. */
  readonly fingerprint: (backend: string) => string;
  /** Plugins as they are now. */
  readonly plugins: readonly PluginIdentity[];
}

/** The plugins whose methods a spelling names. */
export function usedPlugins<Plugin extends { readonly methods: readonly string[] }>(
  spelling: string,
  plugins: readonly Plugin[],
): Plugin[] {
  const names = new Set(parseSpelling(spelling).map(({ name }) => name));
  return plugins.filter(({ methods }) => methods.some((method) => names.has(method)));
}

/** Whether other code computed the result: leantune's, or that of a plugin which the cell's method comes from. */
export function isStale({ config, provenance }: CellResult, code: CodeState): boolean {
  const hashes = (plugins: readonly PluginIdentity[]) =>
    plugins
      .map(({ sha256 }) => sha256)
      .sort()
      .join();
  return (
    provenance.codeFingerprint !== code.fingerprint(config.backend) ||
    hashes(provenance.plugins ?? []) !== hashes(usedPlugins(config.method, code.plugins))
  );
}

/** The plugins of a run as their files are now, without running them; one that is gone is left out. */
export function pluginsOnDisk({ plugins = [] }: RunManifest): PluginIdentity[] {
  return plugins.flatMap(({ reference, methods }) => {
    try {
      const place = locatePlugin(reference, process.cwd());
      return [{ name: place.name, methods, sha256: hashPlugin(place) }];
    } catch {
      return [];
    }
  });
}
