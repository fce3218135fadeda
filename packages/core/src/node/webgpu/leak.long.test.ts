import { describe, expect, it } from 'vitest';
import { isLoaded, type LoadedBackend } from '../../backend/backend.js';
import { useBackend } from '../../backend/useBackend.js';
import type { ReadableWebGpuBackend } from '../../backend/webgpu/webgpuBackend.js';
import { adamW } from '../../optim/adamW.js';
import { memoryMeter } from '../../tensor/runtime.js';
import { useSoftwareWebGpu } from '../../testing/softwareWebGpu.js';
import { TinyTransformer, tinyBatch } from '../../testing/tinyTransformer.js';
import { trainedParameters } from '../../train/train.js';
import { trainStep } from '../../train/trainStep.js';
import { dawnProvider } from './provider.js';

useSoftwareWebGpu();
const found = await dawnProvider().load();
const note = isLoaded(found) ? '' : ` [skipped: ${found.reason}]`;

describe.skipIf(!isLoaded(found))(`200 steps on webgpu${note}`, () => {
  it('leave tensors, device buffers and the meter as they were', { timeout: 1_800_000 }, async () => {
    await useBackend(found as LoadedBackend);
    const kernels = (found as LoadedBackend).kernels as ReadableWebGpuBackend;
    const { bufferManager } = kernels;
    const model = new TinyTransformer({ dropout: 0.1 });
    const trained = trainedParameters(model);
    const optimizer = adamW({ learningRate: 1e-3 }).create(trained);
    const seen: object[] = [];
    for (let step = 0; step < 200; step++) {
      trainStep(model, optimizer, trained, [tinyBatch(step % 7)], {
        learningRate: 1e-3,
        maxGradNorm: 1,
        seed: 1,
        microStep: step,
      });
      if (step % 50 !== 49) continue;
      trained[0]![1].read(); // what waits for its release goes with the next submission
      seen.push({
        tensors: kernels.numDataIds(),
        usedBytes: bufferManager.numBytesUsed,
        usedBuffers: bufferManager.getNumUsedBuffers(),
        allocatedBytes: bufferManager.numBytesAllocated,
        liveBytes: memoryMeter().liveBytes,
      });
    }
    const [, settled, ...later] = seen; // by then the pool of free buffers has every size
    expect(later).toEqual([settled, settled]);
    optimizer.release();
    model.release();
    expect(memoryMeter().liveBytes).toBe(0);
  });
});
