import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { computingProviders, loadBackend, nodeProviders } from '../loadBackend.js';
import { dawnProvider } from './provider.js';

const folder = mkdtempSync(join(tmpdir(), 'leantune-webgpu-'));
afterAll(() => rmSync(folder, { recursive: true }));

const noDriver = { ...process.env, VK_DRIVER_FILES: '/nonexistent.json', VK_ICD_FILENAMES: '/nonexistent.json' };

/** What the provider says in an environment in which Dawn does not come up. */
const problem = async (environment: NodeJS.ProcessEnv) => dawnProvider(environment).load();

describe.runIf(process.platform === 'linux')('where it cannot compute, webgpu says what is missing', () => {
  it('a driver', async () => {
    expect(await problem(noDriver)).toMatchObject({
      name: 'webgpu',
      reason: expect.stringMatching(/^(Dawn finds no GPU with a driver|the Vulkan loader cannot be loaded)/) as string,
      remedy: expect.stringContaining('apt install') as string,
    });
  });

  it('the loader of drivers', async () => {
    writeFileSync(join(folder, 'libvulkan.so.1'), 'not a library');
    expect(await problem({ ...process.env, LD_LIBRARY_PATH: folder })).toMatchObject({
      reason: expect.stringMatching(/^the Vulkan loader cannot be loaded: .*libvulkan\.so\.1/) as string,
      remedy: expect.stringContaining('apt install libvulkan1') as string,
    });
  });

  it('a library that does not crash: only the process that tries it ends', async () => {
    const crash = join(folder, 'crash.cjs');
    writeFileSync(crash, 'process.abort();');
    expect(await problem({ ...process.env, NODE_OPTIONS: `--require ${crash}` })).toMatchObject({
      reason: expect.stringMatching(/^Dawn does not work here: the process that tried it ended with/) as string,
    });
  });

  it('as an error, where it was asked for by name', async () => {
    await expect(loadBackend('webgpu', { requestedBy: '--backend', environment: noDriver })).rejects.toMatchObject({
      name: 'EnvironmentError',
      code: 'LEANTUNE_BACKEND_UNAVAILABLE',
      exitCode: 3,
      message: expect.stringMatching(/^backend webgpu \(requested by --backend\) cannot be loaded: /) as string,
    });
  });
});

it('is taken by name only', () => {
  expect(nodeProviders().map(({ name }) => name)).not.toContain('webgpu');
  expect(computingProviders().find(({ name }) => name === 'webgpu')).toMatchObject({ onRequestOnly: true });
});
