import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'leantune-torch-'));
}

/** Files with their texts below a temporary folder, by path. */
export function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return folder;
}

/** A folder that looks like a libtorch of this version. */
export function fakeLibtorch(version: string, files: Readonly<Record<string, string>> = {}): string {
  const [major, minor, patch] = version.split('.');
  const lines = [`#define TORCH_VERSION_MAJOR ${major}`, `#define TORCH_VERSION_MINOR ${minor}`];
  return folderWith({
    'include/ATen/ATen.h': '',
    'include/torch/csrc/api/include/torch/version.h': [...lines, `#define TORCH_VERSION_PATCH ${patch}`, ''].join('\n'),
    'lib/libtorch_cpu.so': '',
    ...files,
  });
}

/** An environment with an empty cache whose PATH holds nothing but `programs`, name to shell script. */
export function machineWith(programs: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const folder = temporaryFolder();
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return { PATH: folder, LEANTUNE_CACHE: temporaryFolder() };
}
