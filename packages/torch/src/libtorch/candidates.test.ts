import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { addonFile, addonFolder, manifestFile } from '../provision/store.js';
import { fakeLibtorch, machineWith, temporaryFolder } from '../testing/machine.js';
import { libtorchCandidates } from './candidates.js';
import { inspectLibtorch, isUsable, type LibtorchOrigin } from './installation.js';

/** Puts a compiled addon into the cache, as set-up does. */
function compileFor(cache: string, place: string, origin: LibtorchOrigin): void {
  const libtorch = inspectLibtorch(place, origin);
  if (!isUsable(libtorch)) throw new Error(libtorch.reason);
  const folder = addonFolder(cache, libtorch);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, addonFile), '');
  writeFileSync(join(folder, manifestFile), JSON.stringify({ libtorch, compiler: 'g++ 12' }));
}

it('says of a named libtorch whether it is used, and what is in its place otherwise', async () => {
  const place = fakeLibtorch('2.13.0', { 'lib/libtorch_cuda.so': '' });
  const environment: NodeJS.ProcessEnv = { ...machineWith({}), LIBTORCH: place };
  const facts = { origin: 'LIBTORCH', version: '2.13.0', folder: place };
  expect(await libtorchCandidates(environment, undefined)).toEqual([
    {
      ...facts,
      state: 'not used',
      note: 'with CUDA, no addon is compiled for it (npx leantune setup torch)',
    },
  ]);
  compileFor(environment.LEANTUNE_CACHE!, place, 'LIBTORCH');
  expect(await libtorchCandidates(environment, undefined)).toEqual([
    { ...facts, state: 'used', note: 'with CUDA, addon compiled with g++ 12' },
  ]);
  expect(await libtorchCandidates({ ...environment, LIBTORCH: temporaryFolder() }, undefined)).toMatchObject([
    {
      origin: 'LIBTORCH',
      state: 'unusable',
      note: expect.stringMatching(/is neither a Python package folder/) as string,
    },
  ]);
});

it('lists each Python that is looked at, and what an earlier set-up used', async () => {
  const [mine, earlier] = [fakeLibtorch('2.13.0'), fakeLibtorch('2.9.0')];
  const environment = machineWith({ python3: `echo ${mine}`, python: 'echo' });
  compileFor(environment.LEANTUNE_CACHE!, earlier, 'Python');
  const libraries = await libtorchCandidates(environment, undefined);
  expect(libraries.filter(({ origin }) => origin !== '/usr')).toEqual([
    {
      origin: 'python3',
      version: '2.13.0',
      folder: mine,
      state: 'not used',
      note: 'without CUDA, no addon is compiled for it (npx leantune setup torch)',
    },
    { origin: 'python', state: 'unusable', note: 'python has no torch' },
    {
      origin: 'an earlier set-up',
      version: '2.9.0',
      folder: earlier,
      state: 'used',
      note: 'without CUDA, addon compiled with g++ 12',
    },
  ]);
});
