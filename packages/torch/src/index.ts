import { registerNodeProvider } from '@leantune/core/node';
import { torchProvider } from './provider.js';

export { torchProvider } from './provider.js';
export { provisionTorch } from './provision/provisionTorch.js';
export type { ProvisionTorchOptions, ProvisionTorchResult } from './provision/provisionTorch.js';
export type { TorchBackend } from './backend/torchBackend.js';

/** Adds `torch` to the backends that `loadBackend` and `nodeProviders` know. */
export function registerTorchBackend(): void {
  registerNodeProvider(torchProvider);
}
