import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { fakeTensorflow, temporaryFolder } from '../testing/fakeTensorflow.js';
import { inspectTensorflow } from './installation.js';

test('found in a virtual environment, in its site-packages and in the package folder itself', () => {
  const environment = temporaryFolder();
  const folder = fakeTensorflow(environment, '2.19.1');
  for (const place of [environment, dirname(folder), folder]) {
    expect(inspectTensorflow(place, 'python3')).toEqual({ origin: 'python3', folder, version: '2.19.1' });
  }
});

test('a folder without TensorFlow', () => {
  const place = temporaryFolder();
  expect(inspectTensorflow(place, 'LEANTUNE_TENSORFLOW')).toEqual({
    origin: 'LEANTUNE_TENSORFLOW',
    folder: place,
    reason: `${place} is neither a virtual environment nor the tensorflow package of one (no tensorflow/include in it)`,
  });
});

test('a TensorFlow without its library or its version', () => {
  const environment = temporaryFolder();
  const folder = fakeTensorflow(environment);
  rmSync(join(dirname(folder), 'tensorflow_cpu-2.21.0.dist-info'), { recursive: true });
  expect(inspectTensorflow(environment, 'python3')).toMatchObject({
    reason: `${folder} has no tensorflow-*.dist-info beside it, so its version is unknown`,
  });
  rmSync(join(folder, 'libtensorflow_cc.so.2'));
  expect(inspectTensorflow(environment, 'python3')).toMatchObject({ reason: `${folder} lacks libtensorflow_cc.so.2` });
});
