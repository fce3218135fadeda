import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** The npm packages that carry an official addon, best first. */
export const officialPackages = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;
export type OfficialPackage = (typeof officialPackages)[number];

/** The package whose kernels and binding sources are used, whichever addon is loaded. */
export const kernelPackage = '@tensorflow/tfjs-node';

/** N-API version that the addon is built for; part of the official addon's path. */
export const napiVersion = 8;

// Written out one by one, so that tools which look for unused dependencies see them.
const manifests = {
  '@tensorflow/tfjs-node-gpu': () => require.resolve('@tensorflow/tfjs-node-gpu/package.json'),
  '@tensorflow/tfjs-node': () => require.resolve('@tensorflow/tfjs-node/package.json'),
  'node-api-headers': () => require.resolve('node-api-headers/package.json'),
  '@tensorflow/tfjs-backend-webgpu': () => require.resolve('@tensorflow/tfjs-backend-webgpu/package.json'),
  webgpu: () => require.resolve('webgpu/package.json'),
};
type NativePackage = keyof typeof manifests;

/** Folder of an installed npm package. */
export function npmPackageFolder(name: NativePackage): string {
  return dirname(manifests[name]());
}

/** Version of an installed npm package. */
export function npmPackageVersion(name: NativePackage): string {
  return (JSON.parse(readFileSync(manifests[name](), 'utf8')) as { version: string }).version;
}

/** Where the package's own install script puts its addon. */
export function officialAddonPath(name: OfficialPackage): string {
  return join(npmPackageFolder(name), 'lib', `napi-v${napiVersion}`, 'tfjs_binding.node');
}
