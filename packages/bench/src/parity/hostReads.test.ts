/** A step asks the device for values only where the host needs them: every read waits until a GPU has done all before it. */
import {
  adamW,
  isLoaded,
  trainStep,
  trainedParameters,
  useBackend,
  withSavingPolicy,
  type LoadedBackend,
} from '@leantune/core';
import { applyMethods } from '@leantune/methods';
import { randomModel, readModelConfig } from '@leantune/models';
import { torchProvider, type TorchBackend } from '@leantune/torch';
import { describe, expect, it, vi } from 'vitest';
import { randomBatch } from '../profile/randomBatch.js';
import { smallBertConfig } from '../testing/smallBert.js';

const found = await torchProvider().load();
const note = isLoaded(found) ? '' : ` [skipped: ${found.reason}]`;

describe.skipIf(!isLoaded(found))(`reads of a training step on torch${note}`, () => {
  const backend = found as LoadedBackend;
  const kernels = backend.kernels as TorchBackend;

  /** Reads and waits in each of two steps after the first, in which constants of a method are read once for all. */
  function countReads(method: string, saving: 'lean' | 'pytorch', maxGradNorm?: number) {
    const model = randomModel(
      readModelConfig(smallBertConfig, { dropout: 0.1 }),
      { kind: 'classification', numberOfLabels: 2 },
      1,
    );
    applyMethods(model, method, { seed: 1 });
    const trained = trainedParameters(model);
    const optimizer = adamW({ learningRate: 1e-3, weightDecay: 0.01 }).create(trained);
    const batch = randomBatch({ batchSize: 4, sequenceLength: 12 }, smallBertConfig.vocab_size);
    const spies = [vi.spyOn(kernels, 'readSync'), vi.spyOn(kernels, 'read'), vi.spyOn(kernels, 'synchronize')];
    try {
      const reads = [0, 1, 2].map((microStep) => {
        for (const spy of spies) spy.mockClear();
        withSavingPolicy(saving, () =>
          trainStep(model, optimizer, trained, [batch], { seed: 2, microStep, learningRate: 1e-3, maxGradNorm }),
        );
        return spies.reduce((total, { mock }) => total + mock.calls.length, 0);
      });
      return reads.slice(1);
    } finally {
      for (const spy of spies) spy.mockRestore();
      optimizer.release();
      model.release();
    }
  }

  it.each([
    'full',
    'lora(rank=4)',
    'tokentune(tokens=5)',
    'qlora(rank=4)+tokentune(tokens=5)',
    'checkpoint',
    'meft1',
    'meft3',
    'houlsby',
    'ia3',
  ])('%s: the loss, and the norm where gradients are clipped', async (method) => {
    await useBackend(backend);
    for (const saving of ['lean', 'pytorch'] as const) {
      expect(countReads(method, saving), saving).toEqual([1, 1]);
      // The norm is asked for: one vector, after all gradients are computed.
      expect(countReads(method, saving, 1), saving).toEqual([2, 2]);
    }
  });

  it('exact reversible layers look at the end of the step whether a value left their grid', async () => {
    await useBackend(backend);
    const reads = countReads('meft1(gradient=exact)', 'lean');
    expect(new Set(reads).size).toBe(1);
    expect(reads[0]).toBeLessThanOrEqual(1 + 2 * smallBertConfig.num_hidden_layers);
  });
});
