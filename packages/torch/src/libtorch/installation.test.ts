import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fakeLibtorch, folderWith, temporaryFolder } from '../testing/machine.js';
import { inspectLibtorch, versionNumber } from './installation.js';

/** Part of the mangled name of c10::Error's constructor in libc10.so, with libstdc++'s strings of 2015 and before. */
const errorWithNewString = '_ZN3c105ErrorC1ENS_14SourceLocationENSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE';
const errorWithOldString = '_ZN3c105ErrorC1ENS_14SourceLocationESs';

describe('inspectLibtorch', () => {
  it('reads version, ABI and CUDA from headers and libraries, without loading them', () => {
    const place = fakeLibtorch('2.5.1', { 'lib/libc10.so': `\0${errorWithNewString}\0`, 'lib/libtorch_cuda.so': '' });
    expect(inspectLibtorch(place, 'LIBTORCH')).toEqual({
      origin: 'LIBTORCH',
      includeFolder: join(place, 'include'),
      libraryFolder: join(place, 'lib'),
      version: '2.5.1',
      hasCuda: true,
      cxx11Abi: true,
    });
    const old = fakeLibtorch('2.5.1', { 'lib/libc10.so': `\0${errorWithOldString}\0` });
    expect(inspectLibtorch(old, 'Python')).toMatchObject({ hasCuda: false, cxx11Abi: false });
  });

  it("finds Debian's libraries beside those of other programs", () => {
    const place = folderWith({
      'include/ATen/ATen.h': '',
      'include/torch/headeronly/version.h':
        '#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR 6\n#define TORCH_VERSION_PATCH 0\n',
      'lib/x86_64-linux-gnu/libtorch_cpu.so': '',
    });
    expect(inspectLibtorch(place, 'system')).toMatchObject({
      version: '2.6.0',
      libraryFolder: join(place, 'lib/x86_64-linux-gnu'),
    });
  });

  it('says what is missing', () => {
    const empty = temporaryFolder();
    expect(inspectLibtorch(empty, 'LIBTORCH')).toEqual({
      origin: 'LIBTORCH',
      reason: `${empty} is neither a Python package folder of torch nor a libtorch (no include/ATen and lib/libtorch_cpu.so in it)`,
    });
    const nameless = folderWith({ 'include/ATen/ATen.h': '', 'lib/libtorch_cpu.so': '' });
    expect(inspectLibtorch(nameless, 'LIBTORCH')).toMatchObject({
      reason: `${join(nameless, 'include')} has no version.h, so its version is unknown`,
    });
    expect(inspectLibtorch(fakeLibtorch('1.13.1'), 'system')).toMatchObject({
      reason: 'torch 1.13.1 is older than 2.4.0, the oldest that is supported',
    });
  });
});

it('versions are compared as numbers', () => {
  expect(['2.1.0', '2.9.1', '2.13.0', '3.0.0'].map(versionNumber)).toEqual([20100, 20901, 21300, 30000]);
});
