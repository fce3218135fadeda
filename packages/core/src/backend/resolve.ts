import { EnvironmentError, UsageError } from '../errors/errors.js';
import { nearestName } from '../errors/nearest.js';
import { missingKernels } from './activate.js';
import { isLoaded, splitBackendName } from './backend.js';
import type { BackendProvider, LoadedBackend, UnavailableBackend } from './backend.js';
import { backendMessages } from './messages.js';

export interface ResolveOptions {
  /** Name of the one backend wanted, with its device where it has several: `torch:cuda:0`; absent: the best that loads. */
  readonly requested?: string | undefined;
  /** Who wants it, for messages and the recorded reason, e.g. `LEANTUNE_BACKEND` or `--backend`. */
  readonly requestedBy?: string;
  /** Names of tfjs kernels that must be registered, e.g. `BatchMatMul`. */
  readonly requiredKernels?: readonly string[];
}

/**
 * Loads the requested backend, or the best of `providers` (highest priority) that loads. Never switches silently:
 * a requested backend that cannot be loaded is an error, and what was passed over is part of the recorded reason.
 *
 * @throws UsageError for an unknown name or device; EnvironmentError where nothing suitable loads.
 */
export async function resolveBackend(
  providers: readonly BackendProvider[],
  options: ResolveOptions = {},
): Promise<LoadedBackend> {
  const required = options.requiredKernels ?? [];
  if (options.requested !== undefined) {
    const requestedBy = options.requestedBy ?? 'the caller';
    const { name, device } = splitBackendName(options.requested);
    const provider = providerNamed(providers, name);
    if (device !== undefined && provider.takesDevice !== true) throw withoutDevices(options.requested, name);
    const result = await loadChecked(provider, required, device);
    if (isLoaded(result)) return { ...result, reason: backendMessages.requested(requestedBy) };
    throw new EnvironmentError(backendMessages.unavailable(result.name, requestedBy, result.reason), {
      code: 'LEANTUNE_BACKEND_UNAVAILABLE',
      remedy: result.remedy,
    });
  }

  const passedOver: string[] = [];
  const candidates = providers.filter(({ onRequestOnly }) => onRequestOnly !== true);
  for (const provider of candidates.sort((a, b) => b.priority - a.priority)) {
    const result = await loadChecked(provider, required);
    if (isLoaded(result)) {
      return { ...result, reason: [backendMessages.best(result.name), ...passedOver].join('; ') };
    }
    passedOver.push(backendMessages.notTaken(result.name, result.reason));
  }
  throw new EnvironmentError(backendMessages.noneLoads(passedOver), {
    code: 'LEANTUNE_NO_BACKEND',
    remedy: backendMessages.noneLoadsRemedy(),
  });
}

function providerNamed(providers: readonly BackendProvider[], name: string): BackendProvider {
  const provider = providers.find((candidate) => candidate.name === name);
  if (provider !== undefined) return provider;
  const known = providers.map((candidate) => candidate.name);
  throw new UsageError(backendMessages.unknown(name, known, nearestName(name, known)), {
    code: 'LEANTUNE_UNKNOWN_BACKEND',
    remedy: backendMessages.unknownRemedy(),
  });
}

function withoutDevices(spelling: string, name: string): UsageError {
  return new UsageError(backendMessages.withoutDevices(spelling, name), {
    code: 'LEANTUNE_UNKNOWN_BACKEND',
    remedy: backendMessages.unknownRemedy(),
  });
}

async function loadChecked(
  provider: BackendProvider,
  requiredKernels: readonly string[],
  device?: string,
): Promise<LoadedBackend | UnavailableBackend> {
  const result = await provider.load(device);
  if (!isLoaded(result)) return result;
  const missing = missingKernels(result.name, requiredKernels);
  if (missing.length === 0) return result;
  return {
    name: result.name,
    reason: backendMessages.missingKernels(missing),
    remedy: backendMessages.missingKernelsRemedy(),
  };
}
