import { join } from 'node:path';
import { expect, it } from 'vitest';
import { folderWith } from '../testing/machine.js';
import { cudaVersionText, driverVersion } from './gpus.js';

it.each([
  // As the proprietary and the open kernel module write it.
  [
    'NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.129.03  Thu Oct 19 18:56:32 UTC 2023\nGCC version: 12.2.0\n',
    '535.129.03',
  ],
  [
    'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build  (dvs-builder@U16)\n',
    '570.86.15',
  ],
  ['something else', undefined],
])("reads the driver's version", (text, version) => {
  expect(driverVersion(join(folderWith({ version: text }), 'version'))).toBe(version);
});

it('has no driver where there is no file', () => {
  expect(driverVersion(join(folderWith({}), 'version'))).toBeUndefined();
});

it("writes CUDA's number as people do", () => {
  expect([12060, 11080, 13000].map(cudaVersionText)).toEqual(['12.6', '11.8', '13.0']);
});
