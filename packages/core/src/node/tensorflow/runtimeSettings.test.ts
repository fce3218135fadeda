import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { UsageError } from '../../errors/errors.js';
import { applyRuntimeSettings, isDeterministic, recordedSettings, requestedThreads } from './runtimeSettings.js';

test('every core is used unless LEANTUNE_THREADS or TensorFlow itself says otherwise', () => {
  expect(applyRuntimeSettings({})).toBe(availableParallelism());
  expect(applyRuntimeSettings({ TF_NUM_INTRAOP_THREADS: '3' })).toBe(3);
  const environment: NodeJS.ProcessEnv = { LEANTUNE_THREADS: '5' };
  expect(applyRuntimeSettings(environment)).toBe(5);
  expect(environment).toMatchObject({ TF_NUM_INTRAOP_THREADS: '5', OMP_NUM_THREADS: '5' });
});

test("the user's own log level stays", () => {
  const environment: NodeJS.ProcessEnv = { TF_CPP_MIN_LOG_LEVEL: '0' };
  applyRuntimeSettings(environment);
  expect(environment.TF_CPP_MIN_LOG_LEVEL).toBe('0');
});

test.each(['0', '-1', '1.5', 'two', '2x'])('LEANTUNE_THREADS=%s is a usage error', (value) => {
  expect(() => requestedThreads({ LEANTUNE_THREADS: value })).toThrow(UsageError);
  expect(() => requestedThreads({ LEANTUNE_THREADS: value })).toThrow(
    `LEANTUNE_THREADS is "${value}": expected a whole number of threads from 1 on`,
  );
});

test('LEANTUNE_DETERMINISTIC reaches TensorFlow, and its record', () => {
  const environment: NodeJS.ProcessEnv = { LEANTUNE_DETERMINISTIC: '1' };
  applyRuntimeSettings(environment);
  expect(recordedSettings(environment)).toMatchObject({ TF_DETERMINISTIC_OPS: '1' });
  expect(['', '0', undefined].map((value) => isDeterministic({ LEANTUNE_DETERMINISTIC: value }))).toEqual(
    Array(3).fill(false),
  );
  expect(() => isDeterministic({ LEANTUNE_DETERMINISTIC: 'yes' })).toThrow(
    'LEANTUNE_DETERMINISTIC is "yes": expected 1 or 0',
  );
});

test('only what changes numbers or speed is recorded, and only where it is set', () => {
  expect(recordedSettings({ OMP_NUM_THREADS: '2', TF_ENABLE_ONEDNN_OPTS: '', HOME: '/home/someone' })).toEqual({
    OMP_NUM_THREADS: '2',
  });
});
