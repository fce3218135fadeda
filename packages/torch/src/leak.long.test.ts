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
      const { rss, heapTotal } = process.memoryUsage();
      return {
        handles: backend.numDataIds(),
        allocatedBytes: backend.meter.read().allocatedBytes,
        liveBytes: memoryMeter().liveBytes,
        nativeBytes: rss - heapTotal, // JavaScript's own heap breathes
      };
    };
    const seen: ReturnType<typeof figures>[] = [];
    for (let thousand = 0; thousand < 12; thousand++) {
      steps(1000);
      seen.push(figures());
    }
    const [first, ...others] = seen;
    for (const { nativeBytes: _, ...counted } of others) expect(first).toMatchObject(counted);
    // A tensor of libtorch takes some 400 bytes: one a step would be 2.4 MB between the two halves.
    const lowest = (part: typeof seen) => Math.min(...part.map(({ nativeBytes }) => nativeBytes));
    expect(lowest(seen.slice(6)) - lowest(seen.slice(0, 6))).toBeLessThan(2.4e6);
    state.release();
    model.release();
  });
});
