import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isLoaded, splitBackendName, type LoadedBackend } from '../backend/backend.js';
import { computingProviders, nodeProviders } from '../node/loadBackend.js';
import { useBackend } from '../backend/useBackend.js';
import { memoryMeter } from '../tensor/runtime.js';
import { openScopes } from '../tensor/scope.js';
import './loadedBackends.js';
import { useSoftwareWebGpu } from './softwareWebGpu.js';

export { useSoftwareWebGpu };

/**
 * Runs a suite once for every backend that loads here, or for the one that `LEANTUNE_TEST_BACKEND` names, and shows the
 * others as skipped with the reason; a device that is named there (`torch:cuda:0`) must load. After each test the meter
 * must have returned to where it was: no test leaks a buffer.
 */
export function describeOnBackends(name: string, suite: Suite): Promise<void> {
  return describeWhere(name, suite, () => true);
}

/**
 * The same on the first backend that loads; on the others in the long tier, where a file of it imports the suite's. For
 * suites that take long and whose subject backends hardly differ in.
 */
export function describeOnFirstBackend(name: string, suite: Suite): Promise<void> {
  const isLong = process.env.LEANTUNE_TEST_TIER === 'long';
  return describeWhere(name, suite, (isFirst) => isFirst !== isLong);
}

type Suite = (backend: LoadedBackend, isFirst: boolean) => void;

async function describeWhere(name: string, suite: Suite, runs: (isFirst: boolean) => boolean): Promise<void> {
  let isFirst = true;
  let hasRun = false;
  const { name: only, device } = splitBackendName(process.env.LEANTUNE_TEST_BACKEND ?? '');
  if (only === 'webgpu') useSoftwareWebGpu();
  const providers = only ? computingProviders().filter((provider) => provider.name === only) : nodeProviders();
  for (const provider of providers) {
    const result = await provider.load(device);
    if (!isLoaded(result)) {
      if (device !== undefined) throw new Error(result.reason);
      describe(`${name} [${provider.name}]`, () => it.skip(`skipped: ${result.reason}`, () => undefined));
      continue;
    }
    const first = isFirst;
    isFirst = false;
    if (!runs(first)) continue;
    describe(`${name} [${provider.name}]`, () => {
      beforeAll(async () => {
        await provider.load(device);
      });
      // A meter for each test: a leak fails the test that leaks and no other.
      beforeEach(() => useBackend(result));
      afterEach(() => {
        expect(openScopes()).toBe(0);
        expect(memoryMeter().liveBytes).toBe(0);
        expect(memoryMeter().liveSavedBytes).toBe(0);
      });
      suite(result, first);
    });
    hasRun = true;
  }
  if (!hasRun) describe(name, () => it.skip('skipped: no other backend loads here', () => undefined));
}
