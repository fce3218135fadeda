import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadBackend } from '../loadBackend.js';
import { fakeTensorflow, temporaryFolder } from '../testing/fakeTensorflow.js';
import { addonFile, bindingFolder, manifestFile, privateEnvironmentFolder } from './bindingStore.js';
import { officialAddonPath, officialPackages } from './packages.js';

// No test here loads the native backend: once loaded it stays for the whole process.
const official = officialPackages.some((name) => existsSync(officialAddonPath(name)));

describe.skipIf(official)(`without an official addon${official ? ' [skipped: one is installed]' : ''}`, () => {
  test('the native backend that is not set up is an error when asked for', async () => {
    const environment = { LEANTUNE_CACHE: temporaryFolder() };
    await expect(loadBackend('tensorflow', { environment, requestedBy: '--backend' })).rejects.toMatchObject({
      message: 'backend tensorflow (requested by --backend) cannot be loaded: its native library is not set up',
      exitCode: 3,
      remedy: 'npx leantune setup',
    });
  });

  test('and is passed over, with the reason on record, when nothing was asked for', async () => {
    const backend = await loadBackend(undefined, { environment: { LEANTUNE_CACHE: temporaryFolder() } });
    expect(backend.reason).toBe('best that loads: wasm; tensorflow not taken because its native library is not set up');
  });

  test('a binding that does not load says so and how to make it anew', async () => {
    const cache = temporaryFolder();
    const folder = fakeTensorflow(privateEnvironmentFolder(cache));
    const binding = bindingFolder(cache, { origin: 'private environment', folder, version: '2.21.0' });
    mkdirSync(binding, { recursive: true });
    writeFileSync(join(binding, addonFile), 'x'.repeat(100));
    writeFileSync(join(binding, manifestFile), JSON.stringify({ origin: 'private environment' }));
    await expect(loadBackend('tensorflow', { environment: { LEANTUNE_CACHE: cache } })).rejects.toMatchObject({
      message: expect.stringMatching(
        /the binding compiled against TensorFlow 2\.21\.0 \(private environment\) does not load: .*invalid ELF header/,
      ) as string,
      remedy: 'npx leantune setup --force',
    });
  });
});
