import {
  forwardBackward,
  memoryMeter,
  narrowerRotary,
  predict,
  releaseGradients,
  rotaryTable,
  scope,
  tensorFrom,
  trainedParameters,
  withSavingPolicy,
  type Parameter,
} from '@leantune/core';
import { expect, it } from 'vitest';
import { describeOnFirstBackend } from '../../../core/src/testing/backends.js';
import { applyMethods } from '../index.js';
import { perturb } from '../testing/perturb.js';
import { tinyModels, type TinyModel } from '../testing/tinyModels.js';

const step = { seed: 5, microStep: 0 };
const ladders = tinyModels.filter(({ modelType }) => modelType !== 'bart');

function withLadder<T>(tiny: TinyModel, dropout: number, body: (model: ReturnType<TinyModel['make']>) => T): T {
  const model = tiny.make(dropout);
  try {
    applyMethods(model, 'lst(reduction=2)', { seed: 11 });
    return body(model);
  } finally {
    releaseGradients([...model.namedParameters()]);
    model.release();
  }
}

/** (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h: exact to the fourth order, along one element. */
function fivePoint(parameter: Parameter, element: number, loss: () => number): number {
  const start = Float32Array.from(parameter.read());
  const h = 1e-2;
  const at = (distance: number) => {
    const moved = start.map((value, index) => (index === element ? value + distance : value));
    scope(() => parameter.assign(tensorFrom(moved, parameter.shape)));
    return loss();
  };
  const slope = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
  scope(() => parameter.assign(tensorFrom(start, parameter.shape)));
  return slope;
}

await describeOnFirstBackend('lst', () => {
  // The ReLUs of OPT, and of DistilBERT's head, have kinks within the step.
  it.each(ladders.filter(({ modelType }) => modelType !== 'opt' && modelType !== 'distilbert'))(
    'has the gradients of five-point differences on $name',
    (tiny) => {
      withLadder(tiny, 0, (model) => {
        perturb(model);
        const batch = tiny.batch(0);
        forwardBackward(model, batch, step);
        const trained = trainedParameters(model);
        expect(trained.filter(([, { gradient }]) => gradient === undefined)).toEqual([]);
        expect(trained.every(([name]) => name.startsWith('side.') || model.isHeadParameter(name))).toBe(true);
        for (const [name, parameter] of trained) {
          const gradient = Float32Array.from(parameter.gradient!.read());
          const largest = gradient.reduce(
            (best, value, i) => (Math.abs(value) > Math.abs(gradient[best]!) ? i : best),
            0,
          );
          const numeric = fivePoint(parameter, largest, () => predict(model, batch).loss);
          // Rounding of a loss of up to 8 is 5e-7, which the step turns into 1e-4.
          const error = Math.abs(numeric - gradient[largest]!);
          expect([name, error <= 0.02 * Math.abs(numeric) + 3e-4]).toEqual([name, true]);
        }
      });
    },
  );

  it.each(ladders)('saves nothing of the backbone on $name', (tiny) => {
    withLadder(tiny, 0.1, (model) => {
      for (const policy of ['lean', 'pytorch'] as const) {
        memoryMeter().resetPeak();
        withSavingPolicy(policy, () => forwardBackward(model, tiny.batch(0), step));
        const { savedBytesByLayer } = memoryMeter().snapshot();
        const saved = Object.entries(savedBytesByLayer).filter(([, bytes]) => bytes > 0);
        const stack = model.stacks[0]!;
        expect(saved.filter(([path]) => path.startsWith(stack.path) || path.includes('embed'))).toEqual([]);
        // The inputs of the projections down, which are what the ladder reads, and its own narrow layers.
        expect(saved.filter(([path]) => path.startsWith('side.layers.')).length).toBeGreaterThan(0);
        expect(saved.filter(([path]) => path.startsWith('side.down.'))).toHaveLength(stack.layers.length + 1);
        releaseGradients([...model.namedParameters()]);
      }
    });
  });

  it('turns narrow heads by the angles that a model of their width has', () => {
    scope(() => {
      const positions = tensorFrom([0, 3, 1, 7], [1, 4], 'int32');
      const frequencies = (size: number) =>
        Float32Array.from({ length: size / 2 }, (_, index) => 10_000 ** ((-2 * index) / size));
      const narrow = narrowerRotary(rotaryTable(positions, frequencies(16)), 4);
      const own = rotaryTable(positions, frequencies(4));
      expect([...narrow.cosine.read()]).toEqual([...own.cosine.read()]);
      expect([...narrow.sine.read()]).toEqual([...own.sine.read()]);
    });
  });

  it('refuses what does not divide the layers, and two stacks, and changes nothing', () => {
    const model = tinyModels[0]!.make();
    const names = [...model.namedParameters()].map(([name]) => name);
    expect(() => applyMethods(model, 'lst(reduction=3)')).toThrow(
      'lst: reduction 3 does not divide the hidden, feed-forward and half head sizes of BertForSequenceClassification; the nearest that does is 2',
    );
    expect([...model.namedParameters()].map(([name]) => name)).toEqual(names);
    model.release();
    const bart = tinyModels.find(({ modelType }) => modelType === 'bart')!.make();
    expect(() => applyMethods(bart, 'lst')).toThrow('a ladder stands beside one stack of layers');
    bart.release();
  });
});
