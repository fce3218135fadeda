import { OutOfMemoryError } from '@leantune/core';
import { expect, it } from 'vitest';
import { freeBytesIn, outOfMemoryError, requestedBytesIn } from './outOfMemory.js';

const MiB = 2 ** 20;
const GiB = 2 ** 30;

// As libtorch of those versions writes them (c10/cuda/CUDACachingAllocator.cpp, c10/core/impl/alloc_cpu.cpp,
// aten/src/ATen/mps/MPSAllocator.mm).
const texts: readonly [string, text: string, requested: number | undefined, free: number | undefined][] = [
  [
    'CUDA, torch 2.2 and later',
    'CUDA out of memory. Tried to allocate 1.02 GiB. GPU 0 has a total capacity of 14.74 GiB of which 640.12 MiB is free. Including non-PyTorch memory, this process has 14.11 GiB memory in use. Of the allocated memory 13.88 GiB is allocated by PyTorch, and 95.61 MiB is reserved by PyTorch but unallocated. If reserved but unallocated memory is large try setting PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True to avoid fragmentation.',
    Math.round(1.02 * GiB),
    Math.round(640.12 * MiB),
  ],
  [
    'CUDA, torch 2.1',
    'CUDA out of memory. Tried to allocate 190.00 MiB. GPU 0 has a total capacty of 31.73 GiB of which 88.19 MiB is free. Including non-PyTorch memory, this process has 31.64 GiB memory in use.',
    190 * MiB,
    Math.round(88.19 * MiB),
  ],
  [
    'CUDA, torch 1 and 2.0',
    'CUDA out of memory. Tried to allocate 4.16 GiB (GPU 0; 10.76 GiB total capacity; 2.82 GiB already allocated; 4.18 GiB free; 4.33 GiB reserved in total by PyTorch)',
    Math.round(4.16 * GiB),
    Math.round(4.18 * GiB),
  ],
  [
    'the CPU',
    "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 4503599627370496 bytes. Error code 12 (Cannot allocate memory)",
    2 ** 52,
    undefined,
  ],
  [
    "Apple's GPUs",
    'MPS backend out of memory (MPS allocated: 17.21 GB, other allocations: 736.00 KB, max allowed: 18.13 GB). Tried to allocate 1.50 GB on private pool. Use PYTORCH_MPS_HIGH_WATERMARK_RATIO=0.0 to disable upper limit for memory allocations (may cause system failure).',
    1.5 * GiB,
    undefined,
  ],
];

it.each(texts)('reads what was asked for and what was free: %s', (_where, text, requested, free) => {
  expect(requestedBytesIn(text)).toBe(requested);
  expect(freeBytesIn(text)).toBe(free);
});

it('makes the typed error, with exact figures where the module has them', () => {
  const [, text] = texts[0]!;
  const thrown = Object.assign(new Error(text), { code: 'LEANTUNE_OUT_OF_MEMORY', freeBytes: 671_219_712 });
  const error = outOfMemoryError(thrown, 'cuda:0', 'BatchMatMul');
  expect(error).toBeInstanceOf(OutOfMemoryError);
  expect(error).toMatchObject({
    message: 'out of memory on cuda:0 in BatchMatMul: 1095216660 bytes requested, 671219712 bytes free',
    requestedBytes: 1_095_216_660,
    freeBytes: 671_219_712,
    cause: thrown,
  });
});

it.each([
  'CUDA error: out of memory',
  'CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`',
  'cuDNN error: CUDNN_STATUS_ALLOC_FAILED',
])('knows libraries that run out of memory: %s', (text) => {
  expect(outOfMemoryError(new Error(text), 'cuda:1', 'Sum')).toMatchObject({
    message: 'out of memory on cuda:1 in Sum',
    requestedBytes: undefined,
  });
});

it('leaves other errors alone', () => {
  expect(outOfMemoryError(new Error('CUDA error: device-side assert triggered'), 'cuda:0', 'Sum')).toBeUndefined();
  expect(outOfMemoryError(undefined, 'cuda:0', 'Sum')).toBeUndefined();
});
