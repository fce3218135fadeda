import type { BackendProvider } from '../../backend/backend.js';
import { backendMessages } from '../../backend/messages.js';
import type { NoWebGpu, WebGpuAccess } from '../../backend/webgpu/access.js';
import { webgpuProvider } from '../../backend/webgpu/provider.js';
import { npmPackageVersion } from '../tensorflow/packages.js';
import { DawnEvents } from './dawnEvents.js';
import { proveDawn } from './proof.js';

/**
 * WebGPU through Dawn (npm `webgpu`): Vulkan on Linux, Direct3D 12 on Windows, Metal on macOS. Only where it is asked for by
 * name.
 */
export function dawnProvider(environment: NodeJS.ProcessEnv = process.env): BackendProvider {
  return webgpuProvider(() => openDawn(environment));
}

async function openDawn(environment: NodeJS.ProcessEnv): Promise<WebGpuAccess | NoWebGpu> {
  let details: WebGpuAccess['details'];
  try {
    const described = (name: 'webgpu' | '@tensorflow/tfjs-backend-webgpu') => `${name}@${npmPackageVersion(name)}`;
    details = { package: described('@tensorflow/tfjs-backend-webgpu'), dawn: described('webgpu') };
  } catch (error) {
    const detail = error instanceof Error ? error.message.split('\n', 1)[0]! : String(error);
    return { reason: backendMessages.importFailed('webgpu', detail), remedy: backendMessages.reinstall() };
  }
  const problem = await proveDawn(environment);
  if (problem !== undefined) return problem;
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  const gpu = create([]);
  offerGlobally(gpu);
  const events = new DawnEvents();
  return { gpu, waitUntil: events.waitUntil, deviceReady: () => events.takeOver(), details };
}

/**
 * Where tfjs looks for it; held for ever, since Dawn frees what its devices need once nothing refers to this object. Node has no navigator before version 21, and an unchangeable one from then on. */
function offerGlobally(gpu: GPU): void {
  const holder = globalThis as { navigator?: object };
  if (holder.navigator === undefined) Object.defineProperty(holder, 'navigator', { value: {}, configurable: true });
  Object.defineProperty(holder.navigator, 'gpu', { value: gpu, configurable: true });
}
