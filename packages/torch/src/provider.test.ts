import { isLoaded } from '@leantune/core';
import { loadBackend, registerNodeProvider, runCommand } from '@leantune/core/node';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inspectLibtorch, isUsable } from './libtorch/installation.js';
import { torchProvider } from './provider.js';
import { addonFile, addonFolder, manifestFile } from './provision/store.js';
import { fakeLibtorch, machineWith, temporaryFolder } from './testing/machine.js';

describe('a torch backend that does not load', () => {
  it('says that its addon is not compiled', async () => {
    expect(await torchProvider(machineWith({})).load()).toEqual({
      name: 'torch',
      reason: 'its addon is not compiled',
      remedy: 'npx leantune setup torch',
    });
  });

  it('is an error where it was asked for by name', async () => {
    registerNodeProvider(torchProvider);
    await expect(
      loadBackend('torch', { environment: machineWith({}), requestedBy: '--backend' }),
    ).rejects.toMatchObject({
      name: 'EnvironmentError',
      message: 'backend torch (requested by --backend) cannot be loaded: its addon is not compiled',
      remedy: 'npx leantune setup torch',
    });
  });

  it('names the version that there is no addon for', async () => {
    const environment = { ...machineWith({}), LIBTORCH: fakeLibtorch('2.7.0') };
    expect(await torchProvider(environment).load()).toMatchObject({
      reason: 'no addon is compiled for torch 2.7.0 (LIBTORCH)',
    });
  });

  // What the dynamic linker really says: of a file that is no library, and of an addon of another ABI, whose strings
  // are those of libstdc++ before 2015.
  it.each([
    ['no library', async (path: string) => writeFileSync(path, 'not a library'), /torch\.node: file too short/],
    [
      'another ABI',
      async (path: string) => {
        const source = `${path}.cc`;
        writeFileSync(source, 'namespace c10 { void abi() __asm__("_ZN3c105ErrorC1ESs"); }\nauto* used = &c10::abi;\n');
        const { code, output } = await runCommand('g++', ['-shared', '-fPIC', source, '-o', path], {});
        if (code !== 0) throw new Error(output);
      },
      /undefined symbol: _ZN3c105ErrorC1ESs/,
    ],
  ])('says why an addon does not load, with the version it was compiled for: %s', async (_what, write, detail) => {
    const cache = temporaryFolder();
    const place = fakeLibtorch('2.7.0');
    const libtorch = inspectLibtorch(place, 'LIBTORCH');
    if (!isUsable(libtorch)) throw new Error(libtorch.reason);
    const folder = addonFolder(cache, libtorch);
    mkdirSync(folder, { recursive: true });
    await write(join(folder, addonFile));
    writeFileSync(join(folder, manifestFile), JSON.stringify({ libtorch, compiler: 'g++ 12' }));
    const result = await torchProvider({ LEANTUNE_CACHE: cache, LIBTORCH: place }).load();
    expect(isLoaded(result)).toBe(false);
    expect(result.reason).toMatch(/^the addon compiled for torch 2\.7\.0 \(LIBTORCH\) does not load: /);
    expect(result.reason).toMatch(detail);
    expect(result).toMatchObject({ remedy: 'npx leantune setup torch --force' });
  });
});
