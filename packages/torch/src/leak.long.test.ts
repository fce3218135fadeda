import {
  Linear,
  TrainableModel,
  RandomParameterSource,
  RandomStream,
  adamW,
  crossEntropy,
  dropout,
  gelu,
  isLoaded,
  memoryMeter,
  trainStep,
  trainedParameters,
  useBackend,
  type Batch,
  type DeviceBatch,
  type LoadedBackend,
  type ModelOutput,
} from '@leantune/core';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { TorchBackend } from './backend/torchBackend.js';
import { torchProvider } from './provider.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const found = await torchProvider().load();
const note = isLoaded(found) ? '' : ` [skipped: ${found.reason}]`;

/** Two linear layers with GELU and dropout between them. */
class Toy extends TrainableModel {
  private readonly source = new RandomParameterSource(1, 0.3);
  private readonly up = this.addChild('up', new Linear(8, 16, this.source.child('up')));
  private readonly down = this.addChild('down', new Linear(16, 3, this.source.child('down')));

  protected forward({ inputs, labels }: DeviceBatch): ModelOutput {
    const hidden = dropout(gelu(this.up.call(inputs.values!)), { rate: 0.1, key: [1, 2] });
    const logits = this.down.call(hidden);
    return { loss: crossEntropy(logits, labels), logits, hidden };
  }
}

describe.skipIf(!isLoaded(found))(`10,000 steps on torch${note}`, () => {
  it('leave storages, handles and the resident set as they were', async () => {
    await useBackend(found as LoadedBackend);
    const backend = (found as LoadedBackend).kernels as TorchBackend;
    const model = new Toy();
    const trained = trainedParameters(model);
    const state = adamW({ learningRate: 1e-3 }).create(trained);
    const random = new RandomStream(1, 'toy');
    const batch: Batch = {
      size: 4,
      length: 1,
      inputs: {
        values: { dtype: 'float32', shape: [4, 8], data: Float32Array.from({ length: 32 }, () => random.normal()) },
      },
      labels: { dtype: 'int32', shape: [4], data: Int32Array.from([0, 1, 2, 0]) },
    };
    const steps = (count: number) => {
      for (let step = 0; step < count; step++) {
        trainStep(model, state, trained, [batch], { learningRate: 1e-3, maxGradNorm: 1, seed: 1, microStep: step });
      }
    };
    const figures = () => {
      collectGarbage();
      return {
        handles: backend.numDataIds(),
        allocatedBytes: backend.deviceMemory().allocatedBytes,
        liveBytes: memoryMeter().liveBytes,
        residentBytes: process.memoryUsage.rss(),
      };
    };
    steps(1000);
    const before = figures();
    steps(10_000);
    const after = figures();
    expect(after.handles).toBe(before.handles);
    expect(after.allocatedBytes).toBe(before.allocatedBytes);
    expect(after.liveBytes).toBe(before.liveBytes);
    console.log(before, after);
    // A tensor of libtorch takes some 400 bytes with its storage: one a step would be 4 MB.
    expect(after.residentBytes - before.residentBytes).toBeLessThan(4e6);
    state.release();
    model.release();
  });
});
