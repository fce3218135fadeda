import { env } from '@tensorflow/tfjs-core';
import { readFileSync } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { availableParallelism, cpus, freemem, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { isLoaded } from '../../backend/backend.js';
import type { BackendProvider, NativeLibrary } from '../../backend/backend.js';
import { resolveBackend } from '../../backend/resolve.js';
import { LeantuneError } from '../../errors/errors.js';
import { cacheFolder } from '../cacheFolder.js';
import { computingProviders, requestedBackend } from '../loadBackend.js';
import { nodeMessages } from '../messages.js';
import { runCommand } from '../provision/command.js';
import { findCompiler, findPython } from '../provision/prerequisites.js';
import type { Problem } from '../provision/prerequisites.js';
import type { BackendState, CacheEntry, EnvironmentReport, GpuDevice } from './report.js';

/** Looks at the machine and loads every backend; changes nothing. */
export async function inspectEnvironment(environment: NodeJS.ProcessEnv = process.env): Promise<EnvironmentReport> {
  const cache = cacheFolder(environment);
  const providers = computingProviders(environment);
  const backends: BackendState[] = [];
  for (const provider of providers) backends.push(await backendState(provider));
  return {
    leantune: packageVersion(),
    node: process.version,
    os: `${type()} ${release()} ${process.arch}`,
    cpu: { model: cpus()[0]?.model.trim() ?? process.arch, cores: availableParallelism() },
    memory: { totalBytes: totalmem(), freeBytes: freemem() },
    gpus: await nvidiaGpus(environment),
    python: await findPython(environment),
    compiler: await findCompiler(environment),
    wasm: {
      simd: (await env().getAsync('WASM_HAS_SIMD_SUPPORT')) === true,
      threads: (await env().getAsync('WASM_HAS_MULTITHREAD_SUPPORT')) === true,
    },
    backends,
    libraries: await librariesOf(providers),
    choice: await choice(providers, environment),
    cache: { folder: cache, entries: await cacheEntries(cache) },
    settings: Object.fromEntries(
      Object.entries(environment).filter(
        (entry): entry is [string, string] => /^LEANTUNE_/.test(entry[0]) && entry[1] !== '',
      ),
    ),
  };
}

async function backendState(provider: BackendProvider): Promise<BackendState> {
  const start = performance.now();
  try {
    const result = await provider.load();
    if (isLoaded(result)) {
      return { name: provider.name, loads: true, device: result.device, loadMs: performance.now() - start };
    }
    return { name: provider.name, loads: false, reason: result.reason, remedy: result.remedy };
  } catch (error) {
    return { name: provider.name, loads: false, ...problemOf(error) };
  }
}

async function librariesOf(providers: readonly BackendProvider[]): Promise<EnvironmentReport['libraries']> {
  const libraries: Record<string, readonly NativeLibrary[]> = {};
  for (const provider of providers) {
    const found = await provider.libraries?.();
    if (found !== undefined) libraries[provider.name] = found;
  }
  return libraries;
}

async function choice(
  providers: readonly BackendProvider[],
  environment: NodeJS.ProcessEnv,
): Promise<EnvironmentReport['choice']> {
  try {
    const { name, reason } = await resolveBackend(providers, requestedBackend(undefined, environment));
    return { name, reason };
  } catch (error) {
    return problemOf(error);
  }
}

function problemOf(error: unknown): Problem {
  const reason = error instanceof Error ? error.message : String(error);
  return { reason, remedy: (error instanceof LeantuneError ? error.remedy : undefined) ?? nodeMessages.retryRemedy() };
}

async function nvidiaGpus(environment: NodeJS.ProcessEnv): Promise<GpuDevice[]> {
  const query = ['--query-gpu=name,memory.total,driver_version', '--format=csv,noheader,nounits'];
  const { code, stdout } = await runCommand('nvidia-smi', query, { environment, timeoutMs: 10_000 });
  return code === 0 ? parseGpus(stdout) : [];
}

/** Lines of `nvidia-smi`: name, memory in MiB, driver version. */
export function parseGpus(text: string): GpuDevice[] {
  return text.split('\n').flatMap((line) => {
    const [name, memory, driver] = line.split(',').map((field) => field.trim());
    if (!name || !memory || !driver) return [];
    return [{ name, memoryBytes: Number(memory) * 2 ** 20, driver }];
  });
}

/** What lies directly in the cache folder and in its `tensorflow` folder, with the bytes of all files below. */
async function cacheEntries(cache: string): Promise<CacheEntry[]> {
  const top = await readdir(cache).catch(() => []);
  const names = await Promise.all(
    top.map(async (name) => {
      if (name !== 'tensorflow') return [name];
      return (await readdir(join(cache, name)).catch(() => [])).map((inner) => join(name, inner));
    }),
  );
  const entries: CacheEntry[] = [];
  for (const name of names.flat().sort()) entries.push({ name, bytes: await bytesBelow(join(cache, name)) });
  return entries;
}

async function bytesBelow(path: string): Promise<number> {
  const entry = await lstat(path).catch(() => undefined);
  if (entry === undefined) return 0;
  if (!entry.isDirectory()) return entry.size;
  const names = await readdir(path).catch(() => []);
  let bytes = 0;
  for (const name of names) bytes += await bytesBelow(join(path, name));
  return bytes;
}

function packageVersion(): string {
  // Seen from src/node/doctor and from dist/node/doctor alike.
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
