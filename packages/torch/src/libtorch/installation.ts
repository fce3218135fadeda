import { existsSync, readFileSync, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { messages } from '../messages.js';

/** How a libtorch was found: named by the user, in a Python environment, or as Debian's package. */
export type LibtorchOrigin = 'LIBTORCH' | 'Python' | 'system';

/** A libtorch that the addon can be compiled against. */
export interface LibtorchInstallation {
  readonly origin: LibtorchOrigin;
  /** Folder with the `ATen`, `c10` and `torch` headers. */
  readonly includeFolder: string;
  readonly libraryFolder: string;
  /** E.g. `2.13.0`, from the headers. */
  readonly version: string;
  readonly hasCuda: boolean;
  /** Whether it was compiled with libstdc++'s strings of 2015, as everything that links with it must be. */
  readonly cxx11Abi: boolean;
}

export interface UnusableLibtorch {
  readonly origin: LibtorchOrigin;
  readonly reason: string;
}

/** The oldest torch whose interface the sources are written for. */
const oldestVersion = '2.4.0';

/** The libtorch in `place`: an unpacked archive, the `torch` folder of a Python environment, or a file-system root. */
export function inspectLibtorch(place: string, origin: LibtorchOrigin): LibtorchInstallation | UnusableLibtorch {
  const includeFolder = join(place, 'include');
  const libraryFolder = [join(place, 'lib'), ...multiarch(join(place, 'lib'))].find((folder) =>
    existsSync(join(folder, 'libtorch_cpu.so')),
  );
  if (!existsSync(join(includeFolder, 'ATen')) || libraryFolder === undefined) {
    return { origin, reason: messages.notLibtorch(place) };
  }
  const version = headerVersion(includeFolder);
  if (version === undefined) return { origin, reason: messages.noVersion(includeFolder) };
  if (versionNumber(version) < versionNumber(oldestVersion)) {
    return { origin, reason: messages.tooOld(version, oldestVersion) };
  }
  return {
    origin,
    includeFolder,
    libraryFolder,
    version,
    hasCuda: existsSync(join(libraryFolder, 'libtorch_cuda.so')),
    cxx11Abi: usesCxx11Abi(join(libraryFolder, 'libc10.so')),
  };
}

export function isUsable(found: LibtorchInstallation | { readonly reason: string }): found is LibtorchInstallation {
  return 'version' in found;
}

/** `2.13.0` → 21300. */
export function versionNumber(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return major * 10_000 + minor * 100 + patch;
}

/** `lib/x86_64-linux-gnu` and the like. */
function multiarch(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('-linux-gnu'))
    .map((name) => join(folder, name));
}

function headerVersion(includeFolder: string): string | undefined {
  const places = ['torch/headeronly/version.h', 'torch/csrc/api/include/torch/version.h'];
  for (const place of places.map((name) => join(includeFolder, name))) {
    const text = existsSync(place) ? readFileSync(place, 'utf8') : '';
    const part = (name: string) => new RegExp(`^#define TORCH_VERSION_${name} (\\d+)`, 'm').exec(text)?.[1];
    const parts = ['MAJOR', 'MINOR', 'PATCH'].map(part);
    if (parts.every((value) => value !== undefined)) return parts.join('.');
  }
  return undefined;
}

/** The constructor of c10::Error takes a string: its mangled name says which kind. */
function usesCxx11Abi(library: string): boolean {
  return (
    existsSync(library) && readFileSync(realpathSync(library)).includes('SourceLocationENSt7__cxx1112basic_string')
  );
}
