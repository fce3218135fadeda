import { afterEach, expect, it, vi } from 'vitest';
import { DawnEvents } from './dawnEvents.js';

const real = globalThis.setImmediate;
afterEach(() => expect(globalThis.setImmediate).toBe(real));

it('leaves to the event loop what others schedule meanwhile', async () => {
  const other = vi.fn();
  const taken = new DawnEvents().takeOver();
  setImmediate(other, 1, 2);
  await taken;
  await new Promise((resolve) => setImmediate(resolve));
  expect(other.mock.calls).toEqual([[1, 2]]);
});

it('returns where there is nothing to wait for, or nothing left to do', () => {
  const events = new DawnEvents();
  events.waitUntil(() => true);
  events.waitUntil(() => false);
});
