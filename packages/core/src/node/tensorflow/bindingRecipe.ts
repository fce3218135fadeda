import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { tensorflowLibraries } from './installation.js';
import type { TensorflowInstallation } from './installation.js';
import { kernelPackage, napiVersion, npmPackageFolder, npmPackageVersion } from './packages.js';

/** Flags that shape the binary; library and include paths are added by {@link compilerArguments}. */
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
    bindingSourcesHash(),
    ...compilerFlags,
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

/** Arguments for `g++` or `clang++` that compile the binding against `tensorflow` into `output`. */
export function compilerArguments(tensorflow: TensorflowInstallation, output: string): string[] {
  const packageFolder = npmPackageFolder(kernelPackage);
  return [
    ...compilerFlags,
    `-I${join(npmPackageFolder('node-api-headers'), 'include')}`,
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

function bindingSourcesHash(): string {
  const folder = join(npmPackageFolder(kernelPackage), 'binding');
  const hash = createHash('sha256');
  for (const name of readdirSync(folder).sort()) hash.update(name).update(readFileSync(join(folder, name)));
  return hash.digest('hex');
}
