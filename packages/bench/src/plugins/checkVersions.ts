/** A plugin's package.json may say which versions of leantune it was written for. */
import { readFileSync } from 'node:fs';
import { UsageError } from '@leantune/core';
import { satisfies, validRange } from 'semver';
import { pluginMessages } from '../messages/plugins.js';
import type { PluginPlace } from './locatePlugin.js';

/** leantune's packages are versioned together. */
export function ownVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return (manifest as { readonly version: string }).version;
}

/** @throws UsageError naming every range that this version is outside of; links and paths are no ranges. */
export function checkVersions({ reference, requires }: PluginPlace): void {
  const version = ownVersion();
  const unmet = Object.entries(requires).filter(
    ([, range]) => validRange(range) !== null && !satisfies(version, range, { includePrerelease: true }),
  );
  if (unmet.length === 0) return;
  throw new UsageError(pluginMessages.pluginIncompatible(reference, unmet, version), {
    code: 'LEANTUNE_PLUGIN_INCOMPATIBLE',
    remedy: pluginMessages.pluginIncompatibleRemedy(),
  });
}
