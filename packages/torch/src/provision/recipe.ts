import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { versionNumber, type LibtorchInstallation } from '../libtorch/installation.js';

const require = createRequire(import.meta.url);

// Seen from src/provision and from dist/provision alike.
const sourceFolder = fileURLToPath(new URL('../../native', import.meta.url));

/** The header that every file includes first, compiled ahead of them. */
const header = 'torch.h';

const warnings = ['-Wall', '-Wno-unused-function'];

function flags({ version, cxx11Abi }: LibtorchInstallation): string[] {
  return [
    ...['-O3', '-fno-math-errno', '-fno-trapping-math'], // loops over rows become vector instructions
    ...['-fPIC', '-std=c++17', '-fvisibility=hidden', ...warnings],
    '-DNAPI_VERSION=8',
    `-DLEANTUNE_TORCH_VERSION=${versionNumber(version)}`,
    `-D_GLIBCXX_USE_CXX11_ABI=${cxx11Abi ? 1 : 0}`,
  ];
}

/** Folders of others are system folders, whose warnings nobody here can mend. */
function includes({ includeFolder }: LibtorchInstallation): string[] {
  const headers = dirname(require.resolve('node-api-headers/package.json'));
  return ['-isystem', includeFolder, '-isystem', join(headers, 'include')];
}

/** The C++ files, largest first, so that two compilers end at about the same time. */
export function sourceFiles(): string[] {
  const names = readdirSync(sourceFolder).filter((name) => name.endsWith('.cc'));
  const size = (name: string) => statSync(join(sourceFolder, name)).size;
  return names.sort((a, b) => size(b) - size(a));
}

/** Arguments that compile the common header into `folder`. */
export function headerArguments(libtorch: LibtorchInstallation, folder: string): string[] {
  return [
    ...flags(libtorch),
    ...includes(libtorch),
    ...['-x', 'c++-header', join(sourceFolder, header), '-o', join(folder, `${header}.gch`)],
  ];
}

/** Arguments that compile one source with the header in `folder` into an object there. */
export function objectArguments(libtorch: LibtorchInstallation, folder: string, source: string): string[] {
  return [
    ...flags(libtorch),
    ...includes(libtorch),
    ...['-include', join(folder, header), '-c', join(sourceFolder, source), '-o', join(folder, `${source}.o`)],
  ];
}

/** Arguments that link the objects in `folder` into `output`. */
export function linkArguments(libtorch: LibtorchInstallation, folder: string, output: string): string[] {
  const libraries = ['-lc10', '-ltorch_cpu', '-ltorch', ...(libtorch.hasCuda ? ['-lc10_cuda', '-ltorch_cuda'] : [])];
  return [
    '-shared',
    ...sourceFiles().map((source) => join(folder, `${source}.o`)),
    `-L${libtorch.libraryFolder}`,
    // A library of kernels has nothing that the objects name: without this it would be left out.
    '-Wl,--no-as-needed',
    ...libraries,
    `-Wl,-rpath,${libtorch.libraryFolder}`,
    ...['-o', output],
  ];
}

/** Identity of the C++ sources, 16 hexadecimal digits. */
export function sourcesHash(): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(sourceFolder).sort()) hash.update(name).update(readFileSync(join(sourceFolder, name)));
  return hash.digest('hex').slice(0, 16);
}

/**
 * Identity of a compiled addon, 16 hexadecimal digits: whatever would make another binary makes another key, so that
 * an upgraded torch or source is never met with an old addon.
 */
export function addonKey(libtorch: LibtorchInstallation): string {
  const parts = [process.platform, process.arch, libtorch, flags(libtorch), sourcesHash()];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}
