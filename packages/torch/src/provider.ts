import { availableParallelism } from 'node:os';
import { EnvironmentError, UsageError } from '@leantune/core';
import type { BackendProvider, LoadedBackend, UnavailableBackend } from '@leantune/core';
import { activateBackend } from '@leantune/core/backend';
import { cacheFolder, isDeterministic, requestedThreads } from '@leantune/core/node';
import { storageDtypes } from './backend/call.js';
import { TorchBackend } from './backend/torchBackend.js';
import { chooseDevice, deviceName } from './device/chooseDevice.js';
import { cudaVersionText, driverVersion, gpusOf } from './device/gpus.js';
import { registerTorchKernels } from './kernels/index.js';
import { backendName as name } from './kernels/register.js';
import { libtorchCandidates } from './libtorch/candidates.js';
import { versionNumber } from './libtorch/installation.js';
import { messages } from './messages.js';
import { openAddon, type TorchAddon } from './native/addon.js';
import { sourcesHash } from './provision/recipe.js';
import { findCompiledAddon, type CompiledAddon } from './provision/store.js';

let loaded: LoadedBackend | undefined;

/** The oldest torch whose allocators can be asked through one interface. */
const oldestMeter = versionNumber('2.9.0');

interface DeviceWish {
  readonly device: string;
  readonly by: string;
}

/**
 * libtorch's kernels through the addon that `leantune setup torch` compiled. The device stands behind the backend's name
 * (`torch:cpu`, `torch:cuda:0`) or in `LEANTUNE_TORCH_DEVICE`; default: the first GPU, else the CPU. `LEANTUNE_THREADS`:
 * the threads of the CPU; `LEANTUNE_DETERMINISTIC=1`: deterministic kernels only.
 */
export function torchProvider(environment: NodeJS.ProcessEnv = process.env): BackendProvider {
  return {
    name,
    priority: 15,
    takesDevice: true,
    load: (device) => load(environment, device),
    libraries: () => libtorchCandidates(environment, loaded),
  };
}

async function load(
  environment: NodeJS.ProcessEnv,
  device: string | undefined,
): Promise<LoadedBackend | UnavailableBackend> {
  const wish = wishOf(environment, device);
  if (loaded === undefined) {
    const compiled = await findCompiledAddon(cacheFolder(environment), environment);
    if ('reason' in compiled) return { name, ...compiled };
    const { version, origin } = compiled.manifest.libtorch;
    try {
      loaded = await open(openAddon(compiled.addonPath), compiled, environment, wish);
    } catch (error) {
      if (error instanceof UsageError || error instanceof EnvironmentError) throw error;
      const detail = error instanceof Error ? error.message : String(error);
      return { name, reason: messages.addonBroken(version, origin, detail), remedy: messages.setupAgainCommand() };
    }
  }
  assertDevice(loaded, wish);
  await activateBackend(name);
  return loaded;
}

function wishOf(environment: NodeJS.ProcessEnv, device: string | undefined): DeviceWish | undefined {
  if (device !== undefined) return { device, by: `${name}:${device}` };
  const named = environment.LEANTUNE_TORCH_DEVICE;
  return named ? { device: named, by: 'LEANTUNE_TORCH_DEVICE' } : undefined;
}

/** @throws UsageError where this process has begun on another device */
function assertDevice({ device }: LoadedBackend, wish: DeviceWish | undefined): void {
  if (wish === undefined || deviceName(wish.device) === device.name) return;
  throw new UsageError(messages.otherDevice(wish.device, wish.by, String(device.name)), {
    code: 'LEANTUNE_TORCH_DEVICE',
    remedy: messages.otherDeviceRemedy(),
  });
}

async function open(
  addon: TorchAddon,
  { manifest }: CompiledAddon,
  environment: NodeJS.ProcessEnv,
  wish: DeviceWish | undefined,
): Promise<LoadedBackend> {
  const { version, hasCuda, origin } = manifest.libtorch;
  const threads = requestedThreads(environment) ?? availableParallelism();
  const deterministic = isDeterministic(environment);
  // What cuBLAS asks for before it is loaded, to compute deterministically.
  if (deterministic) environment.CUBLAS_WORKSPACE_CONFIG ??= ':4096:8';
  const gpus = gpusOf(addon);
  const device = chooseDevice(wish, { gpus: gpus.length, hasCuda, version });
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
  const backend = new TorchBackend(addon, device);
  const kernels = await activateBackend(name, () => backend);
  const gpu = device === 'cpu' ? undefined : gpus[Number(device.slice('cuda:'.length))];
  const cuda = cudaVersionText(addon.cudaVersion());
  const driver = gpu === undefined ? undefined : driverVersion();
  const source = `compiled against torch ${version} (${origin})`;
  return {
    name,
    kernels,
    device: {
      kind: gpu === undefined ? 'cpu' : 'gpu',
      name: device,
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
      devices: messages.devices(gpus),
      threads,
      deterministic,
      ...(gpu === undefined ? {} : { cudaVersion: cuda, gpuName: gpu.name, gpuCapability: gpu.capability }),
      ...(driver === undefined ? {} : { gpuDriver: driver }),
      ...recordedSettings(environment),
    },
    fusesKernels: true,
    extendedStorage: {
      dtypes: storageDtypes,
      dtypeOf: (dataId) => backend.storageOf(dataId),
    },
    ...(device === 'cpu' || versionNumber(version) >= oldestMeter ? { deviceMeter: backend.meter } : {}),
  };
}

/** Variables that change what CUDA's libraries compute, or the allocator does; recorded with every result where set. */
const recorded = [
  'CUBLAS_WORKSPACE_CONFIG',
  'CUDA_VISIBLE_DEVICES',
  'CUDA_LAUNCH_BLOCKING',
  'NVIDIA_TF32_OVERRIDE',
  'PYTORCH_CUDA_ALLOC_CONF',
  'PYTORCH_ALLOC_CONF',
];

function recordedSettings(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(recorded.flatMap((key) => (environment[key] ? [[key, environment[key]]] : [])));
}
