import { availableParallelism } from 'node:os';
import { UsageError } from '../../errors/errors.js';
import { nodeMessages } from '../messages.js';

/** Variables that change what TensorFlow computes or how fast; recorded with every result where set. */
const recorded = [
  'TF_NUM_INTRAOP_THREADS',
  'TF_NUM_INTEROP_THREADS',
  'OMP_NUM_THREADS',
  'TF_ENABLE_ONEDNN_OPTS',
  'TF_DETERMINISTIC_OPS',
  'TF_FORCE_GPU_ALLOW_GROWTH',
  'NVIDIA_TF32_OVERRIDE',
  'CUDA_VISIBLE_DEVICES',
];

/** `LEANTUNE_THREADS` as a number, undefined where unset. */
export function requestedThreads(environment: NodeJS.ProcessEnv): number | undefined {
  const value = environment.LEANTUNE_THREADS;
  if (value === undefined || value === '') return undefined;
  if (!/^[1-9]\d{0,4}$/.test(value)) {
    throw new UsageError(nodeMessages.badThreads(value), {
      code: 'LEANTUNE_BAD_THREADS',
      remedy: nodeMessages.badThreadsRemedy(),
    });
  }
  return Number(value);
}

/** Whether `LEANTUNE_DETERMINISTIC=1` asks for kernels that give the same bits every time, be they slower. */
export function isDeterministic(environment: NodeJS.ProcessEnv): boolean {
  const value = environment.LEANTUNE_DETERMINISTIC ?? '';
  if (['', '0', '1'].includes(value)) return value === '1';
  throw new UsageError(nodeMessages.badDeterministic(value), { code: 'LEANTUNE_BAD_DETERMINISTIC' });
}

/**
 * Sets TensorFlow's own variables in `environment`, which must happen before its library is loaded; what the user
 * has set stays. Answers the number of threads that one operation may use.
 */
export function applyRuntimeSettings(environment: NodeJS.ProcessEnv = process.env): number {
  environment.TF_CPP_MIN_LOG_LEVEL ??= '2'; // errors only
  environment.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true'; // else it takes the whole GPU at start
  if (isDeterministic(environment)) environment.TF_DETERMINISTIC_OPS ??= '1';
  const threads = requestedThreads(environment);
  if (threads !== undefined) {
    environment.TF_NUM_INTRAOP_THREADS = String(threads);
    environment.OMP_NUM_THREADS = String(threads);
  }
  return Number(environment.TF_NUM_INTRAOP_THREADS) || availableParallelism();
}

/** The recorded variables that are set, by name. */
export function recordedSettings(environment: NodeJS.ProcessEnv = process.env): Record<string, string> {
  return Object.fromEntries(recorded.flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])));
}
