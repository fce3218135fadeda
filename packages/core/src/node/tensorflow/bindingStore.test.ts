import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fakeTensorflow, temporaryFolder } from '../testing/fakeTensorflow.js';
import { bindingArguments, bindingKey } from './bindingRecipe.js';
import {
  addonFile,
  bindingFolder,
  compiledBinding,
  findCompiledBinding,
  manifestFile,
  privateEnvironmentFolder,
} from './bindingStore.js';
import type { BindingManifest } from './bindingStore.js';
import { inspectTensorflow, isUsable } from './installation.js';
import type { TensorflowInstallation, TensorflowOrigin } from './installation.js';

/** A TensorFlow in `environment` that looks whole, as installation.ts sees it. */
function tensorflowIn(environment: string, origin: TensorflowOrigin, version?: string): TensorflowInstallation {
  fakeTensorflow(environment, version);
  const found = inspectTensorflow(environment, origin);
  if (!isUsable(found)) throw new Error(found.reason);
  return found;
}

function storeBinding(cache: string, tensorflow: TensorflowInstallation): void {
  const folder = bindingFolder(cache, tensorflow);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, addonFile), '');
  const manifest: BindingManifest = {
    tensorflowVersion: tensorflow.version,
    tensorflowFolder: tensorflow.folder,
    origin: tensorflow.origin,
    tfjsVersion: '4.22.0',
    compiler: 'g++',
    gpu: false,
  };
  writeFileSync(join(folder, manifestFile), JSON.stringify(manifest));
}

test('the key depends on version and folder of TensorFlow and on nothing else of it', () => {
  const tensorflow: TensorflowInstallation = { origin: 'python3', folder: '/a/tensorflow', version: '2.21.0' };
  const key = bindingKey(tensorflow);
  expect(key).toMatch(/^[0-9a-f]{16}$/);
  expect(bindingKey({ ...tensorflow, origin: 'private environment' })).toBe(key);
  expect(bindingKey({ ...tensorflow, version: '2.20.0' })).not.toBe(key);
  expect(bindingKey({ ...tensorflow, folder: '/b/tensorflow' })).not.toBe(key);
});

test('the compiler gets headers, sources, libraries and their place at run time', () => {
  const all = bindingArguments({ origin: 'python3', folder: '/a/tensorflow', version: '2.21.0' }, '/out/x.node');
  const short = all.map((argument) => argument.replace(/(-I)?\/.*\/(node_modules\/)/, '$1$2'));
  expect(short).toEqual([
    '-O2',
    '-fPIC',
    '-shared',
    '-std=c++17',
    '-DNAPI_VERSION=8',
    '-Inode_modules/node-api-headers/include',
    '-I/a/tensorflow/include',
    '-Inode_modules/@tensorflow/tfjs-node',
    'node_modules/@tensorflow/tfjs-node/binding/tfjs_backend.cc',
    'node_modules/@tensorflow/tfjs-node/binding/tfjs_binding.cc',
    '/a/tensorflow/libtensorflow_cc.so.2',
    '/a/tensorflow/libtensorflow_framework.so.2',
    '-Wl,-rpath,/a/tensorflow',
    '-o',
    '/out/x.node',
  ]);
});

test('a binding counts only with its manifest', () => {
  const cache = temporaryFolder();
  const tensorflow = tensorflowIn(privateEnvironmentFolder(cache), 'private environment');
  expect(compiledBinding(cache, tensorflow)).toBeUndefined();
  storeBinding(cache, tensorflow);
  expect(compiledBinding(cache, tensorflow)?.addonPath).toBe(join(bindingFolder(cache, tensorflow), addonFile));
  writeFileSync(join(bindingFolder(cache, tensorflow), manifestFile), '{"tensorflowVer');
  expect(compiledBinding(cache, tensorflow)).toBeUndefined();
});

test('with nothing set up the reason and the command are given', () => {
  expect(findCompiledBinding(temporaryFolder(), {})).toEqual({
    reason: 'its native library is not set up',
    remedy: 'npx leantune setup',
  });
});

test('the private environment comes before the TensorFlow of python3', () => {
  const cache = temporaryFolder();
  const own = tensorflowIn(privateEnvironmentFolder(cache), 'private environment');
  const users = tensorflowIn(temporaryFolder(), 'python3');
  storeBinding(cache, users);
  expect(findCompiledBinding(cache, {})).toMatchObject({ tensorflow: users });
  storeBinding(cache, own);
  expect(findCompiledBinding(cache, {})).toMatchObject({ tensorflow: own });
});

test('LEANTUNE_TENSORFLOW is taken or nothing, and forgotten when it is unset', () => {
  const cache = temporaryFolder();
  const place = temporaryFolder();
  const named = tensorflowIn(place, 'LEANTUNE_TENSORFLOW', '2.20.0');
  const environment = { LEANTUNE_TENSORFLOW: place };
  storeBinding(cache, tensorflowIn(privateEnvironmentFolder(cache), 'private environment'));
  expect(findCompiledBinding(cache, environment)).toEqual({
    reason: 'no binding is compiled for TensorFlow 2.20.0 (LEANTUNE_TENSORFLOW)',
    remedy: 'npx leantune setup',
  });
  storeBinding(cache, named);
  expect(findCompiledBinding(cache, environment)).toMatchObject({ tensorflow: named });
  expect(findCompiledBinding(cache, {})).toMatchObject({ tensorflow: { origin: 'private environment' } });
});

test('an upgraded TensorFlow is not met with the old binding', () => {
  const cache = temporaryFolder();
  const environment = temporaryFolder();
  const old = tensorflowIn(environment, 'python3', '2.20.0');
  storeBinding(cache, old);
  expect(compiledBinding(cache, { ...old, version: '2.21.0' })).toBeUndefined();
});
