import { isLoaded } from '@leantune/core';
import { loadBackend, registerNodeProvider } from '@leantune/core/node';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inspectLibtorch, isUsable } from './libtorch/installation.js';
import { chooseDevice, torchProvider } from './provider.js';
import { addonFile, addonFolder, manifestFile } from './provision/store.js';
import { fakeLibtorch, machineWith, temporaryFolder } from './testing/machine.js';

describe('the device', () => {
  it('is the first GPU, else the CPU, where none is asked for', () => {
    expect(chooseDevice(undefined, 0, false, '2.13.0')).toBe('cpu');
    expect(chooseDevice('', 2, true, '2.13.0')).toBe('cuda:0');
  });

  it('is the one that is asked for', () => {
    expect(chooseDevice('cpu', 2, true, '2.13.0')).toBe('cpu');
    expect(chooseDevice('cuda', 2, true, '2.13.0')).toBe('cuda:0');
    expect(chooseDevice('cuda:1', 2, true, '2.13.0')).toBe('cuda:1');
  });

  it.each([
    ['cuda:0', 0, false, 'LEANTUNE_TORCH_DEVICE is "cuda:0", but torch 2.13.0 is built without CUDA'],
    ['cuda', 0, true, 'LEANTUNE_TORCH_DEVICE is "cuda", but libtorch finds no GPU and driver'],
    ['cuda:2', 2, true, 'LEANTUNE_TORCH_DEVICE is "cuda:2": this libtorch has cpu, cuda:0, cuda:1'],
    ['gpu', 1, true, 'LEANTUNE_TORCH_DEVICE is "gpu": this libtorch has cpu, cuda:0'],
  ])('%s with %i GPUs (CUDA %s) is an error, never another device', (wanted, gpus, hasCuda, message) => {
    expect(() => chooseDevice(wanted, gpus, hasCuda, '2.13.0')).toThrow(
      expect.objectContaining({ message, code: 'LEANTUNE_TORCH_DEVICE' }),
    );
  });
});

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

  it('says why an addon does not load, with the version it was compiled for', async () => {
    const cache = temporaryFolder();
    const place = fakeLibtorch('2.7.0');
    const libtorch = inspectLibtorch(place, 'LIBTORCH');
    if (!isUsable(libtorch)) throw new Error(libtorch.reason);
    const folder = addonFolder(cache, libtorch);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, addonFile), 'not a library');
    writeFileSync(join(folder, manifestFile), JSON.stringify({ libtorch, compiler: 'g++ 12' }));
    const result = await torchProvider({ LEANTUNE_CACHE: cache, LIBTORCH: place }).load();
    expect(isLoaded(result)).toBe(false);
    expect(result.reason).toMatch(/^the addon compiled for torch 2\.7\.0 \(LIBTORCH\) does not load: .*torch\.node/);
    expect(result).toMatchObject({ remedy: 'npx leantune setup torch --force' });
  });
});
