import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tensorflowLibraries } from './installation.js';
import type { TensorflowInstallation } from './installation.js';
import { kernelPackage, napiVersion, npmPackageFolder, npmPackageVersion } from './packages.js';

/** Flags that shape the binary; library and include paths are added by {@link bindingArguments}. */
const compilerFlags = ['-O2', '-fPIC', '-shared', '-std=c++17', `-DNAPI_VERSION=${napiVersion}`];

/** Version of the tfjs package whose two C++ files are compiled. */
export function bindingPackageVersion(): string {
  return npmPackageVersion(kernelPackage);
}

/**
 * Identity of a compiled binding, 16 hexadecimal digits: anything that would make another binary makes another key,
 * so that an upgraded TensorFlow or tfjs is never met with an old binding.
 */
export function bindingKey(tensorflow: TensorflowInstallation): string {
  const parts = [
    process.platform,
    process.arch,
    tensorflow.version,
    tensorflow.folder,
    bindingPackageVersion(),
    sourcesHash(),
    ...compilerFlags,
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

/** Arguments for `g++` or `clang++` that compile the binding against `tensorflow` into `output`. */
export function bindingArguments(tensorflow: TensorflowInstallation, output: string): string[] {
  const packageFolder = npmPackageFolder(kernelPackage);
  return [
    ...compilerFlags,
    napiHeaders(),
    `-I${join(tensorflow.folder, 'include')}`,
    `-I${packageFolder}`,
    join(packageFolder, 'binding', 'tfjs_backend.cc'),
    join(packageFolder, 'binding', 'tfjs_binding.cc'),
    ...tensorflowLibraries.map((library) => join(tensorflow.folder, library)),
    `-Wl,-rpath,${tensorflow.folder}`,
    '-o',
    output,
  ];
}

/** Arguments that compile the gate for standard error into `output`. */
export function gateArguments(output: string): string[] {
  return [...compilerFlags, napiHeaders(), gateSource, '-o', output];
}

// Seen from src/node/tensorflow and from dist/node/tensorflow alike.
const gateSource = fileURLToPath(new URL('../../../src/node/tensorflow/standardErrorGate.cc', import.meta.url));

function napiHeaders(): string {
  return `-I${join(npmPackageFolder('node-api-headers'), 'include')}`;
}

function sourcesHash(): string {
  const folder = join(npmPackageFolder(kernelPackage), 'binding');
  const hash = createHash('sha256');
  const files = readdirSync(folder)
    .sort()
    .map((name) => join(folder, name));
  for (const file of [...files, gateSource]) hash.update(basename(file)).update(readFileSync(file));
  return hash.digest('hex');
}
