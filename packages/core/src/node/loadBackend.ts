import { dirname, join, sep } from 'node:path';
import { createRequire } from 'node:module';
import type { BackendProvider, LoadedBackend } from '../backend/backend.js';
import { metaProvider } from '../backend/meta/provider.js';
import { resolveBackend } from '../backend/resolve.js';
import { wasmProvider } from '../backend/wasm.js';
import { tensorflowProvider } from './tensorflow/provider.js';

/** Makes the provider of a backend for the settings in `environment`. */
export type NodeProviderFactory = (environment: NodeJS.ProcessEnv) => BackendProvider;

const factories: NodeProviderFactory[] = [
  tensorflowProvider,
  () => {
    const script = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
    return wasmProvider({ wasmFolder: join(dirname(script), sep) });
  },
];

/** Adds the backend of another package to those that compute in Node; again the same one changes nothing. */
export function registerNodeProvider(factory: NodeProviderFactory): void {
  if (!factories.includes(factory)) factories.push(factory);
}

/** The backends that compute in Node. */
export function nodeProviders(environment: NodeJS.ProcessEnv = process.env): BackendProvider[] {
  return factories.map((factory) => factory(environment));
}

export interface LoadBackendOptions {
  /** Who asked for `requested`, for messages and results, e.g. `--backend`. */
  readonly requestedBy?: string;
  /** Names of tfjs kernels that must be registered; what is missing is an error. */
  readonly requiredKernels?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * Loads the backend `requested` (`meta` too), else the one that `LEANTUNE_BACKEND` names, else the best that computes, and
 * makes it the active backend of tfjs.
 *
 * @throws UsageError for an unknown name; EnvironmentError with reason and remedy where it cannot be loaded.
 */
export function loadBackend(requested?: string, options: LoadBackendOptions = {}): Promise<LoadedBackend> {
  const environment = options.environment ?? process.env;
  return resolveBackend([...nodeProviders(environment), metaProvider()], {
    ...requestedBackend(requested, environment, options.requestedBy),
    requiredKernels: options.requiredKernels ?? [],
  });
}

/** The backend that is asked for and by whom: the caller's choice before that of `LEANTUNE_BACKEND`. */
export function requestedBackend(
  requested: string | undefined,
  environment: NodeJS.ProcessEnv,
  requestedBy = 'the caller',
): { readonly requested?: string; readonly requestedBy?: string } {
  if (requested !== undefined) return { requested, requestedBy };
  if (environment.LEANTUNE_BACKEND) return { requested: environment.LEANTUNE_BACKEND, requestedBy: 'LEANTUNE_BACKEND' };
  return {};
}
