import { dirname, join, sep } from 'node:path';
import { createRequire } from 'node:module';
import type { BackendProvider, LoadedBackend } from '../backend/backend.js';
import { metaProvider } from '../backend/meta/provider.js';
import { resolveBackend } from '../backend/resolve.js';
import { wasmProvider } from '../backend/wasm.js';
import { tensorflowProvider } from './tensorflow/provider.js';
import { dawnProvider } from './webgpu/provider.js';

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

/** The backends that compute in Node and are taken without being named. */
export function nodeProviders(environment: NodeJS.ProcessEnv = process.env): BackendProvider[] {
  return factories.map((factory) => factory(environment));
}

/** The backends that compute in Node, those too that are taken by name only. */
export function computingProviders(environment: NodeJS.ProcessEnv = process.env): BackendProvider[] {
  return [...nodeProviders(environment), dawnProvider(environment)];
}

export interface LoadBackendOptions {
  /** Who asked for `requested`, for messages and results, e.g. `--backend`. */
  readonly requestedBy?: string;
  /** Names of tfjs kernels that must be registered; what is missing is an error. */
  readonly requiredKernels?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * Loads the backend `requested` (`webgpu` and `meta` too), else the one that `LEANTUNE_BACKEND` names, else the best that computes, and
 * makes it the active backend of tfjs.
 *
 * @throws UsageError for an unknown name; EnvironmentError with reason and remedy where it cannot be loaded.
 */
export function loadBackend(requested?: string, options: LoadBackendOptions = {}): Promise<LoadedBackend> {
  const environment = options.environment ?? process.env;
  return resolveBackend([...computingProviders(environment), metaProvider()], {
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
