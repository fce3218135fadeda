import { describe, expect, it } from 'vitest';
import { useBackend } from '../backend/useBackend.js';
import { RandomStream } from '../random/stream.js';
import type { FloatStorageDType } from '../tensor/dtype.js';
import { scope } from '../tensor/scope.js';
import { TokenSelection } from '../tensor/selection.js';
import { tensorFrom, type Tensor } from '../tensor/tensor.js';
import { describeOnBackends } from '../testing/backends.js';
import { activate, activationGradient, activationNames } from './activation.js';
import { countLabels, crossEntropyGradient, crossEntropySum, storageOfLogits } from './crossEntropy.js';
import { applyKeepMask, dropElements, keepMask } from './dropout.js';
import { embeddingGradient } from './embeddingGradient.js';
import { affine, layerNormForward, layerNormGradients } from './layerNorm.js';
import { biasedMatMul } from './linearAlgebra.js';
import { rmsNormForward, rmsNormGradients } from './rmsNorm.js';
import { castStorage } from './storage.js';

/** Values in [-3, 3), the same for equal names. */
type Maker = (name: string, shape: readonly number[]) => Tensor;

interface Case {
  readonly name: string;
  readonly compute: (make: Maker) => readonly (Tensor | undefined)[];
  /** Every bit is that of the composed form. */
  readonly exact?: boolean;
}

/** Rows that are no multiple of a vector unit's width. */
const shape = [3, 7, 37];
const stream = { rate: 0.3, key: [11, -5] } as const;

const selected = <T>(body: (selection: TokenSelection) => T): T => {
  const selection = new TokenSelection(3, 7, 2, Int32Array.of(0, 5, 2, 6, 3, 1), new Int32Array(6).fill(1));
  try {
    return body(selection);
  } finally {
    selection.release();
  }
};

const norms: readonly Case[] = [
  {
    name: 'layerNorm',
    compute: (make) => {
      const [x, weight, bias] = [make('x', shape), make('w', [37]), make('b', [37])];
      const { output, normalised, rstd, mean } = layerNormForward(x, weight, bias, 1e-5, true);
      return [output(), normalised, rstd, mean, affine(normalised!, weight, bias)];
    },
  },
  ...[
    { x: true, weight: true, bias: true },
    { x: true, weight: false, bias: false },
    { x: false, weight: true, bias: false },
  ].flatMap((needs) =>
    [true, false].map((lean): Case => ({
      name: `layerNorm's gradients ${JSON.stringify(needs)}${lean ? '' : ' from x'}`,
      compute: (make) => {
        const [x, weight, bias] = [make('x', shape), make('w', [37]), make('b', [37])];
        const { normalised, rstd, mean } = layerNormForward(x, weight, bias, 1e-5, true);
        const kept = lean ? { normalised, rstd } : { x, mean, rstd };
        const gradients = layerNormGradients(make('g', shape), weight, kept, needs);
        return [gradients.x, gradients.weight, gradients.bias];
      },
    })),
  ),
  {
    name: 'rmsNorm',
    compute: (make) => {
      const { output, normalised, rstd } = rmsNormForward(make('x', shape), make('w', [37]), 1e-6, true);
      return [output(), normalised, rstd];
    },
  },
  ...[true, false].map((lean): Case => ({
    name: `rmsNorm's gradients${lean ? '' : ' from x'}`,
    compute: (make) => {
      const [x, weight] = [make('x', shape), make('w', [37])];
      const { normalised, rstd } = rmsNormForward(x, weight, 1e-6, true);
      const kept = lean ? { normalised, rstd } : { x, rstd };
      const gradients = rmsNormGradients(make('g', shape), weight, kept, { x: true, weight: true });
      return [gradients.x, gradients.weight];
    },
  })),
];

/** Rows that count and one that does not; enough classes for the loops of vector units and some more. */
const losses = [true, false].flatMap((normalised): Case[] =>
  [5, 67].map((classes) => ({
    name: `cross-entropy of ${classes} classes and its gradient${normalised ? ' from log-probabilities' : ''}`,
    compute: (make) => {
      const labels = tensorFrom([4, -100, 0, 3], [4], 'int32');
      const given = make('x', [4, classes]);
      const { parts, count } = countLabels(labels, classes);
      const logits = castStorage(given, storageOfLogits(given, parts));
      const { total, logProbabilities } = crossEntropySum(logits, parts, { wantsLogProbabilities: normalised });
      const weight = tensorFrom([0.25], []);
      const options = { storage: given.storageDtype, normalised };
      return [count, total, logProbabilities, crossEntropyGradient(logProbabilities ?? logits, parts, weight, options)];
    },
  })),
);

const embeddings = [undefined, 2].map((paddingIndex): Case => ({
  name: `gradient of an embedding, padding ${paddingIndex}`,
  compute: (make) => {
    const ids = tensorFrom([2, 0, 5, 2, 5, 5], [6], 'int32');
    return [embeddingGradient(make('g', [6, 37]), ids, { vocabulary: 7, paddingIndex })];
  },
}));

const cases: readonly Case[] = [
  ...activationNames.flatMap((name): Case[] => [
    { name, compute: (make) => [activate(name, make('x', shape))] },
    { name: `${name}'s gradient`, compute: (make) => [activationGradient(name, make('g', shape), make('x', shape))] },
  ]),
  ...[true, false].map((transposeB): Case => ({
    name: `matrix product with bias${transposeB ? ', transposed' : ''}`,
    compute: (make) => [
      biasedMatMul(make('a', [9, 13]), make('w', transposeB ? [5, 13] : [13, 5]), make('b', [5]), transposeB),
      biasedMatMul(make('a', [9, 13]), make('w', transposeB ? [5, 13] : [13, 5]), make('b', [1, 5]), transposeB),
      // Larger products may take another way.
      biasedMatMul(make('a', [90, 70]), make('w', transposeB ? [60, 70] : [70, 60]), make('b', [1, 60]), transposeB),
    ],
  })),
  {
    name: 'dropout',
    exact: true,
    compute: (make) => {
      const large = [5, 4111];
      const mask = keepMask(large, stream);
      const x = make('x', large);
      return [mask, applyKeepMask(x, mask, stream.rate), dropElements(x, large, stream, undefined)];
    },
  },
  {
    name: 'dropout of selected rows',
    exact: true,
    compute: (make) => [selected((selection) => dropElements(make('x', [3, 2, 37]), shape, stream, selection))],
  },
  ...norms,
  ...losses,
  ...embeddings,
];

const storages = ['float32', 'float64', 'bfloat16', 'float16'] as const;
/** Of the largest value: a few roundings of the dtype. Values are read as float32. */
const tolerances: Readonly<Record<FloatStorageDType, number>> = {
  float32: 2e-6,
  float64: 1e-7,
  bfloat16: 2 ** -6,
  float16: 2 ** -9,
};

await describeOnBackends('fused kernels', (backend) => {
  const fuses = backend.fusesKernels === true;
  it.skipIf(fuses)('are composed here', () => expect(backend.fusesKernels).not.toBe(true));

  describe.skipIf(!fuses).each(storages)('held as %s', (storage) => {
    const values = async ({ compute }: Case, fusesKernels: boolean) => {
      await useBackend({ ...backend, fusesKernels });
      const make: Maker = (name, size) => {
        const random = new RandomStream(3, name);
        const count = size.reduce((product, extent) => product * extent, 1);
        const drawn = Float32Array.from({ length: count }, () => 6 * random.uniform() - 3);
        return castStorage(tensorFrom(drawn, size), storage);
      };
      return scope(() =>
        compute(make).map(
          (tensor) => tensor && { held: tensor.storageDtype, shape: tensor.shape, data: [...tensor.read()] },
        ),
      );
    };

    it.each(cases)('$name: as composed of other kernels', async (each) => {
      const [fused, composed] = [await values(each, true), await values(each, false)];
      expect(fused.length).toBe(composed.length);
      for (const [index, expected] of composed.entries()) {
        const found = fused[index];
        expect([found?.held, found?.shape]).toEqual([expected?.held, expected?.shape]);
        if (expected === undefined || found === undefined) continue;
        if (each.exact === true) expect(found.data).toEqual(expected.data);
        const largest = expected.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        const error = expected.data.reduce((most, value, at) => Math.max(most, Math.abs(value - found.data[at]!)), 0);
        expect(largest).toBeGreaterThan(0);
        expect(error / largest, `output ${index}`).toBeLessThanOrEqual(tolerances[storage]);
      }
    });
  });
});
