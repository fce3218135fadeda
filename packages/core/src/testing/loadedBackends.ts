import { isLoaded, type LoadedBackend } from '../backend/backend.js';
import { nodeProviders } from '../node/loadBackend.js';

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
