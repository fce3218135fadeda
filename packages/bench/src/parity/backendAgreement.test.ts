/** Twenty training steps of a small BERT: every backend that computes gives the losses and the bytes of the first one. */
import { type LoadedBackend, type StepMemory } from '@leantune/core';
import { describe, expect, it } from 'vitest';
import { trainSmallBert } from '../testing/smallBert.js';
import '../registry/backends.js';
import { loadBackends } from '../../../core/src/testing/loadedBackends.js';

const { loaded, missing } = await loadBackends();
const note = missing.length === 0 ? '' : ` (${missing.map(({ name, reason: why }) => `${name}: ${why}`).join('; ')})`;

const keptOf = ({ savedBytes, savedBytesByLayer, staticBytes }: StepMemory) => ({
  savedBytes,
  savedBytesByLayer,
  staticBytes,
});

describe.skipIf(loaded.length < 2)(`${loaded.map(({ name }) => name).join(', ')}${note}`, () => {
  it.each(['full', 'lora(rank=4)', 'tokentune(tokens=5)'])('agree on 20 steps of %s', async (method) => {
    const [first, ...others] = loaded as [LoadedBackend, ...LoadedBackend[]];
    const expected = await trainSmallBert(first, method, 20);
    expect(expected.losses).toHaveLength(20);
    expect(expected.losses.at(-1)).toBeLessThan(expected.losses[0]!);
    for (const backend of others) {
      const { losses, memory } = await trainSmallBert(backend, method, 20);
      const errors = losses.map((loss, step) => Math.abs(loss - expected.losses[step]!));
      expect(Math.max(...errors), backend.name).toBeLessThan(1e-5);
      // Fused kernels hold less while they compute; what is kept between them is the same.
      if (backend.fusesKernels === true) {
        expect(keptOf(memory), backend.name).toEqual(keptOf(expected.memory));
        expect(memory.peakBytes, backend.name).toBeLessThanOrEqual(expected.memory.peakBytes);
      } else expect(memory, backend.name).toEqual(expected.memory);
    }
  });
});
