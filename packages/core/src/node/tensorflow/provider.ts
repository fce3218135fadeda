import type { TFJSBinding } from '@tensorflow/tfjs-node/dist/tfjs_binding.js';
import { existsSync } from 'node:fs';
import { activateBackend } from '../../backend/activate.js';
import type { BackendProvider, LoadedBackend, UnavailableBackend } from '../../backend/backend.js';
import { cacheFolder } from '../cacheFolder.js';
import { nodeMessages } from '../messages.js';
import { openAddon } from './addon.js';
import { findCompiledBinding } from './bindingStore.js';
import { registerTensorFlowKernels } from './nativeKernels.js';
import { restoreLegacyUtil } from './legacyUtil.js';
import { kernelPackage, npmPackageVersion, officialAddonPath, officialPackages } from './packages.js';
import type { OfficialPackage } from './packages.js';
import { applyRuntimeSettings, recordedSettings } from './runtimeSettings.js';

const name = 'tensorflow';

/** An opened addon and how it came to be. */
interface OpenedBinding {
  readonly binding: TFJSBinding;
  /** For results, e.g. `compiled against TensorFlow 2.21.0 (private environment)`. */
  readonly source: string;
  readonly packageName: OfficialPackage;
  /** Addons that are installed but do not load, without their paths. */
  readonly passedOver: readonly string[];
}

let loaded: LoadedBackend | undefined;

/**
 * TensorFlow's own kernels through tfjs-node's binding: the official addon where it is installed and loads, else the
 * one that `leantune setup` compiled. Nothing is written into node_modules and nothing is compiled here.
 */
export function tensorflowProvider(environment: NodeJS.ProcessEnv = process.env): BackendProvider {
  return {
    name,
    priority: 20,
    load: () => load(environment),
    libraries: async () => {
      // Only for doctor: it starts programs, and processes that prove each library.
      const { tensorflowCandidates } = await import('../doctor/tensorflowCandidates.js');
      return tensorflowCandidates(cacheFolder(environment), environment);
    },
  };
}

async function load(environment: NodeJS.ProcessEnv): Promise<LoadedBackend | UnavailableBackend> {
  if (loaded !== undefined) {
    await activateBackend(name);
    return loaded;
  }
  const threads = applyRuntimeSettings(environment);
  const opened = openBinding(environment);
  if ('reason' in opened) return { name, ...opened };
  const { binding, packageName } = opened;

  restoreLegacyUtil();
  await import('@tensorflow/tfjs-node/dist/register_all_kernels.js');
  const { NodeJSKernelBackend } = await import('@tensorflow/tfjs-node/dist/nodejs_kernel_backend.js');
  const kernels = await activateBackend(name, () => new NodeJSKernelBackend(binding, packageName));
  registerTensorFlowKernels(kernels);

  const gpu = binding.isUsingGpuDevice();
  const description = nodeMessages.tensorflowDevice(binding.TF_Version, gpu, threads);
  const gpuPackageOnCpu = packageName.endsWith('-gpu') && !gpu;
  loaded = {
    name,
    kernels,
    device: {
      kind: gpu ? 'gpu' : 'cpu',
      description: gpuPackageOnCpu ? `${description} (${nodeMessages.gpuPackageOnCpu()})` : description,
    },
    reason: opened.source,
    details: {
      package: `${packageName}@${npmPackageVersion(packageName)}`,
      binding: opened.source,
      tensorflowVersion: binding.TF_Version,
      gpu,
      threads,
      ...(opened.passedOver.length > 0 ? { passedOver: opened.passedOver.join('; ') } : {}),
      ...recordedSettings(environment),
    },
  };
  return loaded;
}

function openBinding(
  environment: NodeJS.ProcessEnv,
): OpenedBinding | { readonly reason: string; readonly remedy: string } {
  const problems: string[] = [];
  const passedOver: string[] = [];
  // A TensorFlow that the user names is an explicit choice: it comes before any official addon.
  for (const packageName of environment.LEANTUNE_TENSORFLOW ? [] : officialPackages) {
    const path = officialAddonPath(packageName);
    if (!existsSync(path)) continue;
    try {
      return { binding: openAddon(path), source: `official addon of ${packageName}`, packageName, passedOver };
    } catch (error) {
      passedOver.push(`official addon of ${packageName} does not load`);
      problems.push(nodeMessages.addonBroken(`the official addon of ${packageName}`, textOf(error)));
    }
  }
  const compiled = findCompiledBinding(cacheFolder(environment), environment);
  if ('reason' in compiled) {
    return { reason: [...problems, compiled.reason].join('; '), remedy: compiled.remedy };
  }
  const { tensorflow } = compiled;
  const source = `compiled against TensorFlow ${tensorflow.version} (${tensorflow.origin})`;
  try {
    const binding = openAddon(compiled.addonPath);
    return { binding, source, packageName: kernelPackage, passedOver };
  } catch (error) {
    problems.push(nodeMessages.addonBroken(`the binding ${source}`, textOf(error)));
    return { reason: problems.join('; '), remedy: nodeMessages.setupAgainCommand() };
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
