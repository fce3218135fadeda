import { expect, test } from 'vitest';
import { formatDoctor } from './formatDoctor.js';
import type { EnvironmentReport } from './report.js';

const report: EnvironmentReport = {
  leantune: '0.1.0',
  node: 'v20.20.2',
  os: 'Linux 6.1.0 x64',
  cpu: { model: 'Some processor', cores: 2 },
  memory: { totalBytes: 16 * 2 ** 30, freeBytes: 3.5 * 2 ** 30 },
  gpus: [{ name: 'NVIDIA H100', memoryBytes: 80 * 2 ** 30, driver: '570.1' }],
  python: { program: 'python3', version: 'Python 3.11.7' },
  compiler: { reason: 'no C++ compiler', remedy: 'install one' },
  wasm: { simd: true, threads: false },
  libraries: {
    tensorflow: [
      { origin: '@tensorflow/tfjs-node', state: 'not used', note: 'its addon is not downloaded' },
      {
        origin: 'python3',
        version: '2.18.0',
        folder: '/home/someone/venv/tensorflow',
        state: 'used',
        note: 'compiled',
      },
    ],
  },
  backends: [
    { name: 'tensorflow', loads: false, reason: 'it is not set up', remedy: 'npx leantune setup' },
    { name: 'wasm', loads: true, device: { kind: 'cpu', description: 'WebAssembly SIMD, 1 thread' }, loadMs: 41.6 },
  ],
  choice: { name: 'wasm', reason: 'best that loads: wasm' },
  cache: { folder: '/home/someone/.cache/leantune', entries: [{ name: 'weights', bytes: 90 * 2 ** 20 }] },
  settings: { LEANTUNE_THREADS: '2' },
};

test('one block to paste, without the name of the home folder', () => {
  expect(formatDoctor(report, '/home/someone')).toMatchInlineSnapshot(`
    "leantune 0.1.0
      Node          v20.20.2
      System        Linux 6.1.0 x64
      Processor     Some processor, 2 cores
      Memory        16.0 GiB, 3.5 GiB free
      GPU           NVIDIA H100, 80.0 GiB, driver 570.1
      Python        Python 3.11.7
      C++ compiler  no C++ compiler → install one
      WebAssembly   SIMD yes, threads no

    Backends
      tensorflow  does not load: it is not set up → npx leantune setup
      wasm        loads in 42 ms: WebAssembly SIMD, 1 thread

    Used by default
      wasm (best that loads: wasm)

    Libraries of tensorflow
      @tensorflow/tfjs-node: not used, its addon is not downloaded
      python3 2.18.0: used, compiled
        ~/venv/tensorflow

    Cache ~/.cache/leantune
      weights  90.0 MiB

    Settings
      LEANTUNE_THREADS  2"
  `);
});
