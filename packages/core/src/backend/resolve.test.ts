import { KernelBackend } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { EnvironmentError, UsageError } from '../errors/errors.js';
import { backendSpelling, type BackendProvider } from './backend.js';
import { resolveBackend } from './resolve.js';

const loads = (name: string, priority: number): BackendProvider => ({
  name,
  priority,
  load: async () => ({
    name,
    kernels: new KernelBackend(),
    device: { kind: 'cpu', description: 'test' },
    reason: 'test',
    details: {},
  }),
});

const fails = (name: string, priority: number): BackendProvider => ({
  name,
  priority,
  load: async () => ({ name, reason: 'its library is missing', remedy: 'npx leantune setup' }),
});

const caught = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('without a request', () => {
  test('the highest priority that loads is taken', async () => {
    const backend = await resolveBackend([loads('slow', 1), loads('fast', 2)]);
    expect([backend.name, backend.reason]).toEqual(['fast', 'best that loads: fast']);
  });

  test('what was passed over is part of the reason', async () => {
    const backend = await resolveBackend([fails('fast', 2), loads('slow', 1)]);
    expect([backend.name, backend.reason]).toEqual([
      'slow',
      'best that loads: slow; fast not taken because its library is missing',
    ]);
  });

  test('where nothing loads every reason is given', async () => {
    const error = await caught(resolveBackend([fails('slow', 1), fails('fast', 2)]));
    expect(error).toBeInstanceOf(EnvironmentError);
    expect(error).toMatchObject({
      message:
        'no backend can be loaded: fast not taken because its library is missing; slow not taken because its library is missing',
      exitCode: 3,
      remedy: 'npx leantune doctor',
    });
  });
});

describe('with a request', () => {
  test('it is taken even where a better one loads', async () => {
    const options = { requested: 'slow', requestedBy: 'LEANTUNE_BACKEND' };
    const backend = await resolveBackend([loads('slow', 1), loads('fast', 2)], options);
    expect([backend.name, backend.reason]).toEqual(['slow', 'requested by LEANTUNE_BACKEND']);
  });

  test('one that cannot load is an error with its reason and command, never another backend', async () => {
    const options = { requested: 'fast', requestedBy: '--backend' };
    expect(await caught(resolveBackend([fails('fast', 2), loads('slow', 1)], options))).toMatchObject({
      name: 'EnvironmentError',
      message: 'backend fast (requested by --backend) cannot be loaded: its library is missing',
      exitCode: 3,
      remedy: 'npx leantune setup',
    });
  });

  test('an unknown name is a usage error with the nearest one', async () => {
    const error = await caught(resolveBackend([loads('tensorflow', 2), loads('wasm', 1)], { requested: 'tensorflo' }));
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({
      message: 'unknown backend "tensorflo": expected one of tensorflow, wasm; did you mean "tensorflow"?',
      exitCode: 2,
    });
  });
});

test('a backend without the required kernels does not count as loaded', async () => {
  const options = { requested: 'fast', requestedBy: '--backend', requiredKernels: ['NoSuchKernel', 'NorThisOne'] };
  expect(await caught(resolveBackend([loads('fast', 2)], options))).toMatchObject({
    name: 'EnvironmentError',
    message: 'backend fast (requested by --backend) cannot be loaded: it lacks the kernels NoSuchKernel, NorThisOne',
  });
});

describe('a device behind the name', () => {
  const withDevices: BackendProvider = {
    name: 'torch',
    priority: 1,
    takesDevice: true,
    load: async (device = 'cpu') => ({
      name: 'torch',
      kernels: new KernelBackend(),
      device: { kind: 'gpu', name: device === 'cuda' ? 'cuda:0' : device, description: 'test' },
      reason: 'test',
      details: {},
    }),
  };

  test('reaches the backend, and its full name is the one to load it by again', async () => {
    for (const [requested, spelling] of [
      ['torch:cuda:1', 'torch:cuda:1'],
      ['torch:cuda', 'torch:cuda:0'],
      ['torch', 'torch'],
    ] as const) {
      const backend = await resolveBackend([withDevices], { requested });
      expect(backendSpelling(backend, requested)).toBe(spelling);
    }
    expect(backendSpelling(await resolveBackend([withDevices]), undefined)).toBe('torch');
  });

  test('is an error where the backend has none', async () => {
    expect(await caught(resolveBackend([loads('wasm', 1)], { requested: 'wasm:cuda:0' }))).toMatchObject({
      name: 'UsageError',
      message: 'unknown backend "wasm:cuda:0": wasm has no devices to choose from; did you mean "wasm"?',
    });
  });
});
