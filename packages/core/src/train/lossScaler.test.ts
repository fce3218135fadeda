import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../errors/errors.js';
import { scale } from '../ops/arithmetic.js';
import { adamW } from '../optim/adamW.js';
import { sgd } from '../optim/sgd.js';
import { describeOnBackends } from '../testing/backends.js';
import { TinyTransformer, tinyBatch } from '../testing/tinyTransformer.js';
import type { DeviceBatch, ModelOutput } from './model.js';
import { LossScaler } from './lossScaler.js';
import { train, trainedParameters } from './train.js';
import { trainStep } from './trainStep.js';

describe('the factor on the loss', () => {
  it('is halved by an overflow and doubled after so many steps without one, as torch.amp.GradScaler', () => {
    const scaler = new LossScaler(64, 3);
    const scales = [false, false, true, false, false, false, false].map((overflowed) => {
      scaler.update(overflowed);
      return scaler.scale;
    });
    expect(scales).toEqual([64, 64, 32, 32, 32, 64, 64]);
    expect(new LossScaler().scale).toBe(2 ** 16);
  });
});

/** Its loss is finite, its gradient is not once the loss was scaled by 2^16. */
class Overflowing extends TinyTransformer {
  protected override forward(batch: DeviceBatch): ModelOutput {
    const output = super.forward(batch);
    return { ...output, loss: scale(scale(output.loss, 1e-35), 1e35) };
  }
}

/** Some of its batches are too large for float16: their loss is infinite. */
class OutOfRange extends Overflowing {
  override readonly autocast = 'float16';
  private calls = 0;

  constructor(private readonly isInfinite: (call: number) => boolean) {
    super({ dropout: 0 });
  }

  protected override forward(batch: DeviceBatch): ModelOutput {
    const output = super.forward(batch);
    return this.isInfinite(++this.calls) ? { ...output, loss: scale(scale(output.loss, 1e35), 1e35) } : output;
  }
}

const step = { seed: 3, microStep: 0, learningRate: 0.1 };

await describeOnBackends('a step with a scaled loss', (backend) => {
  it.each([undefined, 0.01])('changes parameters as one without, clipped to %s', (maxGradNorm) => {
    const run = (lossScaler: LossScaler | undefined) => {
      const model = new TinyTransformer({ dropout: 0.1 });
      const trained = trainedParameters(model);
      const optimizer = sgd({ learningRate: 0.1 }).create(trained);
      const result = trainStep(model, optimizer, trained, [tinyBatch(1), tinyBatch(2)], {
        ...step,
        maxGradNorm,
        lossScaler,
      });
      const values = trained.flatMap(([, parameter]) => [...parameter.read()]);
      optimizer.release();
      model.release();
      return { values, ...result };
    };
    const [plain, scaled] = [run(undefined), run(new LossScaler(1024))]; // a power of two: no other rounding
    expect(scaled.loss).toBe(plain.loss);
    expect(
      scaled.values
        .map((value, index) => Math.abs(value - plain.values[index]!))
        .sort()
        .at(-1),
    ).toBeLessThan(1e-7);
    if (maxGradNorm !== undefined) expect(scaled.gradientNorm! / plain.gradientNorm! - 1).toBeCloseTo(0, 6);
  });

  it('is skipped where gradients overflow, until the factor has fallen', () => {
    const model = new Overflowing({ dropout: 0 });
    const trained = trainedParameters(model);
    const optimizer = adamW({ learningRate: 0.1 }).create(trained);
    const lossScaler = new LossScaler(2 ** 16);
    const before = trained.map(([, parameter]) => [...parameter.read()]);
    const steps = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((microStep) => {
      const { skipped, gradientNorm } = trainStep(model, optimizer, trained, [tinyBatch(1)], {
        ...step,
        microStep,
        lossScaler,
      });
      if (skipped) expect(trained.map(([, parameter]) => [...parameter.read()])).toEqual(before);
      return { skipped, hasNorm: gradientNorm !== undefined };
    });
    // 1e35 · 2^16 overflows float32 (3.4e38); 1e35 · 2^11 does not.
    expect(steps.map(({ skipped }) => skipped === true)).toEqual([
      ...Array<boolean>(5).fill(true),
      ...Array<boolean>(4).fill(false),
    ]);
    expect(steps.every(({ skipped, hasNorm }) => hasNorm !== (skipped === true))).toBe(true);
    expect(lossScaler.scale).toBe(2 ** 11);
    expect(trained.map(([, parameter]) => [...parameter.read()])).not.toEqual(before);
    optimizer.release();
    model.release();
  });

  const trainSteps = async (model: OutOfRange) => {
    const batches = { length: 60, epoch: () => Array.from({ length: 60 }, (_, index) => tinyBatch(index)) };
    try {
      return await train(model, batches, { optimizer: sgd({ learningRate: 0.1 }), epochs: 1, seed: 1 });
    } finally {
      model.release();
    }
  };

  const holdsHalf = backend.extendedStorage?.dtypes.includes('float16') === true;

  it.skipIf(!holdsHalf)('is skipped for a batch whose loss is infinite, and training goes on', async () => {
    const { steps } = await trainSteps(new OutOfRange((call) => call === 30));
    expect(steps).toHaveLength(60);
    expect(steps.filter(({ loss }) => !Number.isFinite(loss)).map(({ step: number }) => number)).toEqual([30]);
    expect(steps[29]!.skipped).toBe(true);
    expect(steps[40]!.skipped).toBeUndefined();
  });

  it.skipIf(!holdsHalf)('ends training where no step of an epoch has a loss', async () => {
    const always = new OutOfRange(() => true);
    const one = { length: 1, epoch: () => [tinyBatch(1)] };
    const run = train(always, one, { optimizer: sgd({ learningRate: 0.1 }), epochs: 3, seed: 1 });
    await expect(run).rejects.toThrow(/training diverged: .* at step 1 /);
    always.release();
  });

  it.skipIf(!holdsHalf)('ends training where the loss stays infinite', async () => {
    await expect(trainSteps(new OutOfRange((call) => call >= 30))).rejects.toThrow(/training diverged: .* at step 4\d/);
    expect((await trainSteps(new OutOfRange((call) => call === 1))).steps[0]!.skipped).toBe(true);
  });

  it('is refused with a fused optimiser', () => {
    const model = new TinyTransformer({ dropout: 0 });
    const trained = trainedParameters(model);
    const optimizer = adamW({ learningRate: 0.1, fused: true }).create(trained);
    const lossScaler = new LossScaler();
    const run = () => trainStep(model, optimizer, trained, [tinyBatch(1)], { ...step, lossScaler });
    expect(run).toThrow(ConfigurationError);
    expect(run).toThrow(/fp16-mixed/);
    optimizer.release();
    model.release();
  });
});
