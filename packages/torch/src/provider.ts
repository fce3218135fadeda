import { availableParallelism } from 'node:os';
import { EnvironmentError, UsageError } from '@leantune/core';
import type { BackendProvider, LoadedBackend, UnavailableBackend } from '@leantune/core';
import { activateBackend } from '@leantune/core/backend';
import { cacheFolder, requestedThreads } from '@leantune/core/node';
import { storageDtypes } from './backend/call.js';
import { TorchBackend } from './backend/torchBackend.js';
import { registerTorchKernels } from './kernels/index.js';
import { backendName as name } from './kernels/register.js';
import { messages } from './messages.js';
import { openAddon, type TorchAddon } from './native/addon.js';
import { sourcesHash } from './provision/recipe.js';
import { findCompiledAddon, type CompiledAddon } from './provision/store.js';

let loaded: LoadedBackend | undefined;

/**
 * libtorch's kernels through the addon that `leantune setup torch` compiled. `LEANTUNE_TORCH_DEVICE` names the device
 * (`cpu`, `cuda:0`, …; default: the first GPU, else the CPU), `LEANTUNE_THREADS` the threads of the CPU,
 * `LEANTUNE_TORCH_DETERMINISTIC=1` asks for deterministic kernels only.
 */
export function torchProvider(environment: NodeJS.ProcessEnv = process.env): BackendProvider {
  return { name, priority: 15, load: () => load(environment) };
}

async function load(environment: NodeJS.ProcessEnv): Promise<LoadedBackend | UnavailableBackend> {
  if (loaded === undefined) {
    const compiled = await findCompiledAddon(cacheFolder(environment), environment);
    if ('reason' in compiled) return { name, ...compiled };
    const { version, origin } = compiled.manifest.libtorch;
    try {
      loaded = await open(openAddon(compiled.addonPath), compiled, environment);
    } catch (error) {
      if (error instanceof UsageError || error instanceof EnvironmentError) throw error;
      const detail = error instanceof Error ? error.message : String(error);
      return { name, reason: messages.addonBroken(version, origin, detail), remedy: messages.setupAgainCommand() };
    }
  }
  await activateBackend(name);
  return loaded;
}

async function open(
  addon: TorchAddon,
  { manifest }: CompiledAddon,
  environment: NodeJS.ProcessEnv,
): Promise<LoadedBackend> {
  const { version, hasCuda, origin } = manifest.libtorch;
  const threads = requestedThreads(environment) ?? availableParallelism();
  const deterministic = environment.LEANTUNE_TORCH_DETERMINISTIC === '1';
  // What cuBLAS asks for before it is loaded, to compute deterministically.
  if (deterministic) environment.CUBLAS_WORKSPACE_CONFIG ??= ':4096:8';
  const gpus = describedGpus(addon);
  const device = chooseDevice(environment.LEANTUNE_TORCH_DEVICE, gpus.length, hasCuda, version);
  try {
    addon.configure(device, threads, deterministic);
  } catch (error) {
    throw new EnvironmentError(messages.deviceFails(device, (error as Error).message), {
      code: 'LEANTUNE_TORCH_DEVICE',
      remedy: messages.deviceRemedy(),
      cause: error,
    });
  }
  registerTorchKernels();
  const kernels = await activateBackend(name, () => new TorchBackend(addon, device));
  const gpu = device === 'cpu' ? undefined : gpus[Number(device.slice('cuda:'.length))];
  const cudaNumber = addon.cudaVersion();
  const cuda = `${Math.floor(cudaNumber / 1000)}.${Math.floor((cudaNumber % 1000) / 10)}`;
  const source = `compiled against torch ${version} (${origin})`;
  return {
    name,
    kernels,
    device: {
      kind: gpu === undefined ? 'cpu' : 'gpu',
      description:
        gpu === undefined
          ? messages.cpuDescription(version, threads)
          : messages.gpuDescription(version, cuda, device, gpu.name, gpu.capability),
    },
    reason: source,
    details: {
      torchVersion: version,
      addon: source,
      addonSources: sourcesHash(),
      cuda: hasCuda,
      device,
      threads,
      deterministic,
      ...(gpu === undefined ? {} : { cudaVersion: cuda, gpuName: gpu.name, gpuCapability: gpu.capability }),
    },
    extendedStorage: {
      dtypes: storageDtypes,
      dtypeOf: (dataId) => (kernels as TorchBackend).storageOf(dataId),
    },
  };
}

interface Gpu {
  readonly name: string;
  readonly capability: string;
}

function describedGpus(addon: TorchAddon): Gpu[] {
  const words = addon.gpus();
  return words.flatMap((gpuName, index) =>
    index % 2 === 0 ? [{ name: gpuName, capability: words[index + 1] ?? '' }] : [],
  );
}

/**
 * The device that is asked for, `cuda` meaning the first GPU; without a wish the first GPU, else the CPU.
 * @throws EnvironmentError where that device is not there; never another one instead
 */
export function chooseDevice(wanted: string | undefined, gpus: number, hasCuda: boolean, version: string): string {
  if (!wanted) return gpus > 0 ? 'cuda:0' : 'cpu';
  const device = wanted === 'cuda' ? 'cuda:0' : wanted;
  const known = ['cpu', ...Array.from({ length: gpus }, (_, index) => `cuda:${index}`)];
  if (known.includes(device)) return device;
  const details = { code: 'LEANTUNE_TORCH_DEVICE', remedy: messages.deviceRemedy() };
  if (!/^cuda:\d+$/.test(device)) throw new UsageError(messages.badDevice(wanted, known), details);
  if (!hasCuda) throw new EnvironmentError(messages.noCuda(wanted, version), details);
  if (gpus === 0) throw new EnvironmentError(messages.noGpu(wanted), details);
  throw new UsageError(messages.badDevice(wanted, known), details);
}
