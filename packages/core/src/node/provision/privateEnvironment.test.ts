import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fakeTensorflow, temporaryFolder } from '../testing/fakeTensorflow.js';
import { privateEnvironmentFolder } from '../tensorflow/bindingStore.js';
import { announcedBytes, completePrivateEnvironment, isNetworkFailure, networkDetail } from './privateEnvironment.js';

test('the private environment counts only with its marker', () => {
  const cache = temporaryFolder();
  const folder = privateEnvironmentFolder(cache);
  const tensorflow = fakeTensorflow(folder);
  expect(completePrivateEnvironment(cache)).toBeUndefined();
  writeFileSync(join(folder, '.leantune-complete'), '');
  expect(completePrivateEnvironment(cache)).toEqual({
    origin: 'private environment',
    folder: tensorflow,
    version: '2.21.0',
  });
});

test('the size that pip announces', () => {
  // Lines of pip 23.2.
  expect(announcedBytes('  Downloading tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl (273.8 MB)')).toBe(
    273.8e6,
  );
  expect(announcedBytes('Looking in indexes: https://example.org/simple')).toBeUndefined();
});

test("a missing network is told from a missing wheel by pip's own words", () => {
  // pip 23.2 with an index that refuses connections; it ends with the same words as for a wheel that is not there.
  const noNetwork = [
    "WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by 'NewConnectionError('<pip._vendor.urllib3.connection.HTTPConnection object at 0x7f2987bf6350>: Failed to establish a new connection: [Errno 111] Connection refused')': /simple/tensorflow-cpu/",
    'ERROR: No matching distribution found for tensorflow-cpu==2.21.0',
  ].join('\n');
  expect(isNetworkFailure({ output: noNetwork })).toBe(true);
  expect(networkDetail(noNetwork)).toBe('[Errno 111] Connection refused');
  const noWheel = 'ERROR: No matching distribution found for tensorflow-cpu==2.21.0';
  expect(isNetworkFailure({ output: noWheel })).toBe(false);
});
