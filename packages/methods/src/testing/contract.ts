import {
  RandomStream,
  adamW,
  forwardBackward,
  memoryMeter,
  predict,
  releaseGradients,
  sgd,
  train,
  trainStep,
  trainedParameters,
  withSavingPolicy,
  type SavingPolicy,
} from '@leantune/core';
import type { TransformerModel } from '@leantune/models';
import { describe, expect, it } from 'vitest';
import { applyMethods, type AppliedMethods } from '../contract/applyMethods.js';
import { parseMethodSpec } from '../contract/resolve.js';
import type { ContractClaims, ContractModel } from './claims.js';
import { directionalCheck } from './directionalCheck.js';
import { largestDifference, sameValues, snapshot } from './parameterValues.js';
import { perturb } from './perturb.js';

/** Byte figures of a case, which must be the same on every backend. */
const savedBytesSeen = new Map<string, number>();

/**
 * Registers the whole contract battery for one spelling on one model; to be called inside a suite that has made a
 * backend active and checks after each test that no buffer is left.
 */
export function describeWholeContract<Model extends ContractModel>(
  spelling: string,
  fixture: Model,
  claims: ContractClaims<Model>,
): void {
  const batch = fixture.batch(0);

  /** Runs `body` with a fresh model that the method was applied to. */
  const withMethod = <T>(body: (model: TransformerModel, applied: AppliedMethods) => T, dropout = 0): T => {
    const model = fixture.make(dropout);
    try {
      return body(model, applyMethods(model, spelling, { seed: 11 }));
    } finally {
      releaseGradients([...model.namedParameters()]);
      model.release();
    }
  };

  describe(`${spelling} on ${fixture.name}`, () => {
    it.skipIf(claims.options === undefined)('has its official defaults', () => {
      expect(parseMethodSpec(spelling).methods.map(({ options }) => options)).toEqual(claims.options);
    });

    it('trains exactly what it declares, and as much', () => {
      withMethod((model) => {
        const trained = [...model.namedParameters()].map(([name, { requiresGrad }]) => [name, requiresGrad]);
        expect(trained.some(([, requiresGrad]) => requiresGrad)).toBe(true);
        const { trains, trainableCount } = claims;
        if (trains !== undefined) expect(trained).toEqual(trained.map(([name]) => [name, trains(String(name), model)]));
        if (trainableCount !== undefined) {
          expect(model.parameterCounts().trainable).toBe(trainableCount(fixture, model));
        }
      });
    });

    it.skipIf(claims.startsUnchanged === undefined)('starts where it says', () => {
      const base = fixture.make();
      const before = predict(base, batch).logits;
      base.release();
      const after = withMethod((model) => predict(model, batch).logits);
      if (claims.startsUnchanged) expect(after).toEqual(before);
      else expect(after).not.toEqual(before);
    });

    it('has gradients, of the declared parameters only', () => {
      withMethod((model) => {
        perturb(model);
        forwardBackward(model, batch, { seed: 5, microStep: 0 });
        const named = [...model.namedParameters()];
        expect(named.filter(([, { gradient }]) => gradient !== undefined).map(([name]) => name)).toEqual(
          trainedParameters(model).map(([name]) => name),
        );
        releaseGradients(named);
        if (!claims.gradientOfLoss) return;
        const results = directionalCheck(
          (onOutput) => forwardBackward(model, batch, { seed: 5, microStep: 0, onOutput })!,
          trainedParameters(model),
        );
        // Rounding of a float32 loss of up to 8 is 5e-7, which a step of 1e-2 turns into 5e-5.
        const wrong = results.filter(({ norm, error }) => !(error <= 0.01 * norm + 1.2e-4));
        expect(wrong).toEqual([]);
        expect(results.filter(({ norm }) => norm > 5e-3).length).toBeGreaterThan(results.length * 0.6);
      });
    });

    it('changes only what it declares in training', () => {
      withMethod((model) => {
        const before = snapshot(model);
        const trained = trainedParameters(model);
        const optimizer = adamW({ learningRate: 1e-2 }).create(trained);
        for (let step = 0; step < 2; step++) {
          trainStep(model, optimizer, trained, [fixture.batch(step)], {
            seed: 5,
            microStep: step,
            learningRate: 1e-2,
          });
        }
        optimizer.release();
        const changed = [...snapshot(model)].filter(([name, values]) => !sameValues(values, before.get(name)!));
        expect(changed.map(([name]) => name)).toEqual(trained.map(([name]) => name));
      });
    });

    it('merges where it can, and only there', () => {
      withMethod((model, { merge }) => {
        expect(merge !== undefined).toBe(claims.merges ?? false);
        if (merge === undefined) return;
        perturb(model);
        const plain = fixture.make();
        const plainNames = [...plain.namedParameters()].map(([name]) => name);
        plain.release();
        const before = predict(model, batch).logits;
        merge();
        expect([...snapshot(model).keys()]).toEqual(plainNames);
        expect(largestDifference(predict(model, batch).logits, before)).toBeLessThan(1e-5);
        const merged = snapshot(model);
        merge();
        expect(snapshot(model)).toEqual(merged);
      });
    });

    it.each<SavingPolicy>(['lean', 'pytorch'])('leaves nothing behind, saves the same everywhere [%s]', (policy) => {
      withMethod((model) => {
        const trained = trainedParameters(model);
        const optimizer = sgd({ learningRate: 0 }).create(trained);
        const meter = memoryMeter();
        const live = meter.liveBytes;
        const categories = meter.liveByCategory;
        const savedBytes = [0, 1].map((microStep) => {
          meter.resetPeak();
          withSavingPolicy(policy, () =>
            trainStep(model, optimizer, trained, [batch], { seed: 5, microStep, learningRate: 0 }),
          );
          expect(meter.liveBytes).toBe(live);
          expect(meter.liveByCategory).toEqual(categories);
          expect(meter.liveSavedBytes).toBe(0);
          return meter.snapshot().savedBytes;
        });
        expect(savedBytes[0]).toBeGreaterThan(0);
        expect(savedBytes[1]).toBe(savedBytes[0]);
        const key = `${spelling} ${fixture.name} ${policy}`;
        expect(savedBytes[0]).toBe(savedBytesSeen.get(key) ?? savedBytes[0]);
        savedBytesSeen.set(key, savedBytes[0]!);
      }, 0.1);
    });

    it('replays: the same seed gives the same bits, another seed does not', async () => {
      const run = async (seed: number) => {
        const model = fixture.make(0.1);
        const { spec } = applyMethods(model, spelling, { seed: 11 });
        const result = await train(
          model,
          { length: 3, epoch: () => [0, 1, 2].map((index) => fixture.batch(index)) },
          { optimizer: adamW({ learningRate: 1e-2 }), epochs: 1, seed, maxGradNorm: 1 },
        );
        const values = snapshot(model);
        const choice = model.tokenSelector?.(batch, new RandomStream(seed, 'tokens', 0));
        model.release();
        return { spelling: spec.spelling, losses: result.steps.map(({ loss }) => loss), values, choice };
      };
      const [first, second, other] = [await run(5), await run(5), await run(6)];
      expect(second).toEqual(first);
      expect(other.losses).not.toEqual(first.losses);
      expect(first.choice === undefined).toBe(claims.selection === undefined);
      if (claims.selection === 'subset') expect(other.choice).not.toEqual(first.choice);
    });
  });
}
