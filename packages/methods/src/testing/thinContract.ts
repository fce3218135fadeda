import {
  adamW,
  forwardBackward,
  memoryMeter,
  releaseGradients,
  trainStep,
  trainedParameters,
  type ModelOutput,
} from '@leantune/core';
import type { TransformerModel } from '@leantune/models';
import { describe, expect, it } from 'vitest';
import { applyMethods } from '../contract/applyMethods.js';
import { parseMethodSpec } from '../contract/resolve.js';
import type { ContractClaims, ContractModel } from './claims.js';
import { jointDirectionalCheck } from './directionalCheck.js';
import { sameValues, snapshot } from './parameterValues.js';
import { perturb } from './perturb.js';

/**
 * Registers what the contract battery says in two tests, for the many pairs of a method and an architecture, and for
 * slow backends: gradients of exactly the trained parameters, along directions through all of them together; then
 * training that replays, changes nothing else and leaves nothing behind. Where a method does not support the model,
 * it must say so before it changes anything.
 */
export function describeThinContract<Model extends ContractModel>(
  spelling: string,
  fixture: Model,
  {
    gradientOfLoss,
    trains,
    trainableCount,
  }: Pick<ContractClaims<Model>, 'gradientOfLoss' | 'trains' | 'trainableCount'>,
): void {
  const withMethod = <T>(dropout: number, body: (model: TransformerModel) => T): T => {
    const model = fixture.make(dropout);
    try {
      applyMethods(model, spelling, { seed: 11 });
      return body(model);
    } finally {
      releaseGradients([...model.namedParameters()]);
      model.release();
    }
  };

  describe(`${spelling} on ${fixture.name}`, () => {
    it('has gradients, of the trained parameters only, or refuses the model', () => {
      const refusal = refusalOf(spelling, fixture);
      if (refusal !== undefined) return expect(() => withMethod(0, () => undefined)).toThrow(refusal);
      withMethod(0, (model) => {
        perturb(model);
        const batch = fixture.batch(0);
        const step = (onOutput?: (output: ModelOutput) => void) =>
          forwardBackward(model, batch, { seed: 5, microStep: 0, onOutput })!;
        step();
        const named = [...model.namedParameters()];
        const trained = trainedParameters(model);
        expect(trained.length).toBeGreaterThan(0);
        if (trains !== undefined) {
          const declared = named.filter(([name]) => trains(name, model));
          expect(trained.map(([name]) => name)).toEqual(declared.map(([name]) => name));
        }
        if (trainableCount !== undefined) {
          expect(model.parameterCounts().trainable).toBe(trainableCount(fixture, model));
        }
        expect(named.filter(([, { gradient }]) => gradient !== undefined).map(([name]) => name)).toEqual(
          trained.map(([name]) => name),
        );
        releaseGradients(named);
        if (!gradientOfLoss) return;
        const { norm, error } = jointDirectionalCheck(step, trained);
        expect(norm).toBeGreaterThan(5e-3);
        expect(error).toBeLessThan(0.01 * norm + 1.2e-4);
      });
    });

    it('replays, changes what it trains and leaves nothing behind', () => {
      if (refusalOf(spelling, fixture) !== undefined) return;
      const run = () =>
        withMethod(0.1, (model) => {
          const before = snapshot(model);
          const trained = trainedParameters(model);
          const optimizer = adamW({ learningRate: 1e-2 }).create(trained);
          const losses: unknown[] = [];
          try {
            // The optimiser makes its state in the first step.
            const live = [0, 1].map((microStep) => {
              const at = { seed: 5, microStep, learningRate: 1e-2, maxGradNorm: 1 };
              losses.push(trainStep(model, optimizer, trained, [fixture.batch(microStep)], at).loss);
              return memoryMeter().liveBytes;
            });
            expect(live[1]).toBe(live[0]);
            expect(memoryMeter().liveSavedBytes).toBe(0);
          } finally {
            optimizer.release();
          }
          const after = snapshot(model);
          const changed = [...after].filter(([name, values]) => !sameValues(values, before.get(name)!));
          expect(changed.map(([name]) => name)).toEqual(trained.map(([name]) => name));
          return { losses, after };
        });
      const first = run();
      expect(first.losses.every(Number.isFinite)).toBe(true);
      expect(run()).toEqual(first);
    });
  });
}

/** The reason of the first method that does not support the model. */
function refusalOf(spelling: string, fixture: ContractModel): string | undefined {
  const model = fixture.make();
  const reasons = parseMethodSpec(spelling).methods.map(({ definition }) => definition.supports(model));
  model.release();
  return reasons.find((reason) => reason !== true);
}
