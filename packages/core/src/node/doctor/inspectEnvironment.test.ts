import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../testing/fakeTensorflow.js';
import { inspectEnvironment, parseGpus } from './inspectEnvironment.js';

test('this machine with an empty tool box: says what is missing and uses wasm', async () => {
  const cache = temporaryFolder();
  mkdirSync(join(cache, 'tensorflow', 'downloads'), { recursive: true });
  writeFileSync(join(cache, 'tensorflow', 'downloads', 'half.whl'), 'abc');
  writeFileSync(join(cache, 'weights'), '12345');
  const environment = { PATH: temporaryFolder(), LEANTUNE_CACHE: cache, LEANTUNE_BACKEND: 'wasm' };
  const report = await inspectEnvironment(environment);
  expect(report).toMatchObject({
    node: process.version,
    gpus: [],
    python: { reason: 'python3 is not installed' },
    compiler: { reason: 'no C++ compiler: neither $CXX, g++ nor clang++ is there' },
    wasm: { simd: true, threads: false },
    choice: { name: 'wasm', reason: 'requested by LEANTUNE_BACKEND' },
    settings: { LEANTUNE_CACHE: cache, LEANTUNE_BACKEND: 'wasm' },
  });
  expect(report.backends.find((backend) => backend.name === 'wasm')).toMatchObject({ loads: true });
  expect(report.cache.entries).toEqual([
    { name: join('tensorflow', 'downloads'), bytes: 3 },
    { name: 'weights', bytes: 5 },
  ]);
});

test('the table of nvidia-smi', () => {
  // nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader,nounits
  expect(parseGpus('NVIDIA H100 80GB HBM3, 81559, 570.86.15\n')).toEqual([
    { name: 'NVIDIA H100 80GB HBM3', memoryBytes: 81559 * 2 ** 20, driver: '570.86.15' },
  ]);
  expect(parseGpus('')).toEqual([]);
});
