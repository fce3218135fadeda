import { describe, it } from 'vitest';
import { isLoaded, type LoadedBackend } from '../backend/backend.js';
import { metaProvider } from '../backend/meta/provider.js';
import { nodeProviders } from '../node/loadBackend.js';

// Backends of packages above core: the test configuration names the module that registers them.
const { LEANTUNE_TEST_BACKENDS } = process.env;
if (LEANTUNE_TEST_BACKENDS) await import(LEANTUNE_TEST_BACKENDS);

/** The backend without values that has the same kernels, fused ones too: its figures are those of `backend`. */
export async function metaLike({ fusesKernels = false }: LoadedBackend): Promise<LoadedBackend> {
  return (await metaProvider({ fusesKernels }).load()) as LoadedBackend;
}

/** Shows the backends that do not load as skipped, with the reason. */
export function describeMissing(missing: readonly { readonly name: string; readonly reason: string }[]): void {
  for (const { name, reason } of missing) describe(name, () => it.skip(`skipped: ${reason}`, () => undefined));
}

/** Every backend that computes here, and why the others are missing; tfjs activates what it loads: one after another. */
export async function loadBackends(): Promise<{
  readonly loaded: readonly LoadedBackend[];
  readonly missing: readonly { readonly name: string; readonly reason: string }[];
}> {
  const loaded: LoadedBackend[] = [];
  const missing: { name: string; reason: string }[] = [];
  for (const provider of nodeProviders()) {
    const result = await provider.load();
    if (isLoaded(result)) loaded.push(result);
    else missing.push(result);
  }
  return { loaded, missing };
}
