import { engine } from '@tensorflow/tfjs-core';
import { activateBackend } from '../activate.js';
import type { BackendDevice, BackendProvider, LoadedBackend, UnavailableBackend } from '../backend.js';
import { backendMessages } from '../messages.js';
import type { NoWebGpu, WebGpuAccess } from './access.js';

const name = 'webgpu';

/** What tfjs asks an adapter for: its kernels use as much as there is. */
const raisedLimits = [
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupSizeX',
  'maxComputeInvocationsPerWorkgroup',
] as const;

let loaded: LoadedBackend | undefined;

/**
 * WebGPU kernels of tfjs in float32, on whatever adapter the platform prefers. Taken only where it is asked for by name.
 * @param open finds the platform's WebGPU; default: the browser's `navigator.gpu`
 */
export function webgpuProvider(open: () => Promise<WebGpuAccess | NoWebGpu> = openBrowser): BackendProvider {
  return { name, priority: 0, onRequestOnly: true, load: () => load(open) };
}

async function load(open: () => Promise<WebGpuAccess | NoWebGpu>): Promise<LoadedBackend | UnavailableBackend> {
  if (loaded !== undefined) {
    await activateBackend(name);
    return loaded;
  }
  const access = await open();
  if ('reason' in access) return { name, ...access };
  const adapter = await access.gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) {
    return { name, reason: backendMessages.webgpuNoAdapter(), remedy: backendMessages.webgpuNoAdapterRemedy() };
  }
  try {
    const { limits, info } = adapter;
    const requiredLimits = Object.fromEntries(raisedLimits.map((limit) => [limit, limits[limit]]));
    const device = await adapter.requestDevice({ requiredLimits });
    await access.deviceReady?.();
    const { ReadableWebGpuBackend } = await import('./webgpuBackend.js');
    const { registerWebGpuKernels } = await import('./kernels.js');
    // tfjs registers a backend of its own as it is imported, where there is a `navigator.gpu`.
    if (engine().findBackendFactory(name) !== null) engine().removeBackend(name);
    const kernels = await activateBackend(name, () => new ReadableWebGpuBackend(device, info, access.waitUntil));
    registerWebGpuKernels(kernels as InstanceType<typeof ReadableWebGpuBackend>);
    loaded = {
      name,
      kernels,
      device: describe(info),
      reason: 'built in',
      details: {
        ...access.details,
        vendor: info.vendor,
        architecture: info.architecture,
        adapter: info.device,
        driver: info.description,
        maxBufferBytes: limits.maxBufferSize,
      },
    };
    return loaded;
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { name, reason: backendMessages.webgpuNotStarted(detail), remedy: backendMessages.reinstall() };
  }
}

/** Vendor and driver of the adapter; software adapters compute on the CPU. */
function describe({ vendor, architecture, device, description, isFallbackAdapter }: GPUAdapterInfo): BackendDevice {
  const words = [vendor, architecture || device, description].filter((word) => word !== '');
  return { kind: isFallbackAdapter ? 'cpu' : 'gpu', description: backendMessages.webgpuDevice(words.join(', ')) };
}

async function openBrowser(): Promise<WebGpuAccess | NoWebGpu> {
  const { gpu } = (globalThis as { navigator?: { gpu?: GPU } }).navigator ?? {};
  return gpu === undefined
    ? { reason: backendMessages.webgpuMissing(), remedy: backendMessages.webgpuMissingRemedy() }
    : { gpu, details: {} };
}
