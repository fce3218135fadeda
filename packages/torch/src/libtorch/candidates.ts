import { dirname } from 'node:path';
import type { LoadedBackend, NativeLibrary } from '@leantune/core';
import { cacheFolder, isProblem } from '@leantune/core/node';
import { messages } from '../messages.js';
import { compiledAddon, earlierLibtorchs, findCompiledAddon } from '../provision/store.js';
import { lookForLibtorch, type LookedAt } from './find.js';
import { isUsable } from './installation.js';

/**
 * Every libtorch that could be used, in the order in which they are looked for, then those that an earlier set-up
 * compiled against; for `leantune doctor`.
 * @param loaded the backend, where it loads
 */
export async function libtorchCandidates(
  environment: NodeJS.ProcessEnv,
  loaded: LoadedBackend | undefined,
): Promise<NativeLibrary[]> {
  const cache = cacheFolder(environment);
  const looked: LookedAt[] = [];
  for await (const each of lookForLibtorch(environment)) looked.push(each);
  const known = new Set(looked.flatMap(({ found }) => (isUsable(found) ? [found.includeFolder] : [])));
  const earlier = earlierLibtorchs(cache)
    .filter((found, index, all) => all.findIndex((other) => other.includeFolder === found.includeFolder) === index)
    .filter(({ includeFolder }) => !known.has(includeFolder))
    .map((found): LookedAt => ({ place: messages.earlierSetup(), found }));

  const compiled = await findCompiledAddon(cache, environment);
  const used = isProblem(compiled) ? undefined : compiled.manifest.libtorch.includeFolder;
  return [...looked, ...earlier].map(({ place, found }): NativeLibrary => {
    if (!isUsable(found)) return { origin: place, state: 'unusable', note: found.reason };
    const { version, includeFolder, hasCuda } = found;
    const addon = compiledAddon(cache, found);
    const facts = { origin: place, version, folder: dirname(includeFolder) };
    if (addon === undefined) return { ...facts, state: 'not used', note: messages.notCompiledYet(hasCuda) };
    if (includeFolder !== used) return { ...facts, state: 'not used', note: messages.anotherFirst() };
    const devices = loaded === undefined ? undefined : String(loaded.details.devices);
    return { ...facts, state: 'used', note: messages.compiledWith(addon.manifest.compiler, hasCuda, devices) };
  });
}
