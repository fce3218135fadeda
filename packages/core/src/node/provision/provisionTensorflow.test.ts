import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fakeTensorflow, temporaryFolder } from '../testing/fakeTensorflow.js';
import { tensorflowCache } from '../tensorflow/bindingStore.js';
import { officialAddonPath, officialPackages } from '../tensorflow/packages.js';
import { findPython, isProblem } from './prerequisites.js';
import { provisionTensorflow } from './provisionTensorflow.js';
import { findUserTensorflow } from './userTensorflow.js';

const hasOfficialAddon = officialPackages.some((name) => existsSync(officialAddonPath(name)));
const onLinuxWithoutOfficialAddon = process.platform === 'linux' && !hasOfficialAddon;

/** Shown where these tests are skipped. */
const whySkipped = onLinuxWithoutOfficialAddon ? '' : ' [skipped: needs Linux without an official addon]';

/** An environment with an empty cache whose PATH holds nothing but `programs`, name to shell script. */
function machineWith(programs: Record<string, string>): NodeJS.ProcessEnv {
  const folder = temporaryFolder();
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return { PATH: folder, LEANTUNE_CACHE: temporaryFolder() };
}

describe.skipIf(!onLinuxWithoutOfficialAddon)(`what is missing is named, with the way to get it${whySkipped}`, () => {
  test('no compiler', async () => {
    const lines: string[] = [];
    const result = await provisionTensorflow({ environment: machineWith({}), log: (line) => lines.push(line) });
    expect(result).toMatchObject({ status: 'unavailable' });
    expect(lines).toEqual([
      'tensorflow: not set up: no C++ compiler: neither $CXX, g++ nor clang++ is there\n' +
        'To get it: install one (Debian, Ubuntu: apt install g++), then npx leantune setup\n' +
        'leantune goes on with the wasm backend, which is slower.',
    ]);
  });

  test('no Python', async () => {
    const environment = machineWith({ 'g++': 'echo g++ 12' });
    expect(await provisionTensorflow({ environment })).toMatchObject({
      reason: 'python3 is not installed',
      remedy: 'install Python 3.9 or later (Debian, Ubuntu: apt install python3 python3-venv), then npx leantune setup',
    });
  });

  test('no venv module', async () => {
    const python3 = 'if [ "$1" = --version ]; then echo Python 3.11.2; else exit 1; fi';
    const environment = machineWith({ 'g++': 'echo g++ 12', python3 });
    expect(await provisionTensorflow({ environment })).toMatchObject({
      reason: 'python3 (Python 3.11.2) has no venv module with pip',
      remedy: 'install it (Debian, Ubuntu: apt install python3-venv), then npx leantune setup',
    });
  });

  test('a named TensorFlow that is none', async () => {
    const place = temporaryFolder();
    const environment = { ...machineWith({ 'g++': 'echo g++ 12' }), LEANTUNE_TENSORFLOW: place };
    expect(await provisionTensorflow({ environment })).toMatchObject({
      reason: `LEANTUNE_TENSORFLOW: ${place} is neither a virtual environment nor the tensorflow package of one (no tensorflow/include in it)`,
    });
  });

  test('a backend that was demanded and cannot be had is an error', async () => {
    const failing = provisionTensorflow({ environment: machineWith({}), demanded: true });
    await expect(failing).rejects.toMatchObject({ name: 'EnvironmentError', exitCode: 3 });
  });
});

test.skipIf(!onLinuxWithoutOfficialAddon)(
  `a compiler that fails leaves nothing behind but its message${whySkipped}`,
  async () => {
    const place = temporaryFolder();
    fakeTensorflow(place);
    const compiler =
      'if [ "$1" = --version ]; then echo g++ 12; else echo "fatal error: no such header" >&2; exit 1; fi';
    const cache = temporaryFolder();
    const environment = { ...machineWith({ 'g++': compiler }), LEANTUNE_CACHE: cache, LEANTUNE_TENSORFLOW: place };
    expect(await provisionTensorflow({ environment })).toMatchObject({
      reason: 'g++ could not compile the binding: fatal error: no such header',
    });
    expect(readdirSync(tensorflowCache(cache))).toEqual([]);
  },
);

test("the user's TensorFlow is looked up without being imported", async () => {
  const place = temporaryFolder();
  const folder = fakeTensorflow(place, '2.18.0');
  const environment = { ...process.env, PYTHONPATH: join(folder, '..') };
  const found = await findUserTensorflow(environment);
  if (isProblem(await findPython(environment))) expect(found).toBeUndefined();
  else expect(found).toEqual({ origin: 'python3', folder, version: '2.18.0' });
});
