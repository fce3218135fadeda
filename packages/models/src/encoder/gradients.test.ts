import {
  forwardBackward,
  releaseGradients,
  scope,
  tensorFrom,
  withSavingPolicy,
  type Batch,
  type Parameter,
  type TokenChoice,
} from '@leantune/core';
import { expect, it } from 'vitest';
import { describeOnFirstBackend } from '../../../core/src/testing/backends.js';
import { randomModel } from '../architecture/buildModel.js';
import { readModelConfig } from '../architecture/registry.js';
import { randomImageBatch, randomTextBatch } from '../testing/randomBatch.js';
import type { HeadOptions } from '../transformer/head.js';
import type { TransformerModel } from '../transformer/model.js';

const bert = {
  model_type: 'bert',
  vocab_size: 31,
  hidden_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 20,
  max_position_embeddings: 12,
  initializer_range: 0.2,
};
const configs = {
  bert,
  roberta: { ...bert, model_type: 'roberta' },
  distilbert: {
    model_type: 'distilbert',
    vocab_size: 31,
    dim: 16,
    n_layers: 1,
    n_heads: 2,
    hidden_dim: 20,
    max_position_embeddings: 12,
    initializer_range: 0.2,
  },
  vit: { ...bert, model_type: 'vit', image_size: 8, patch_size: 4 },
};
const heads: readonly HeadOptions[] = [
  { kind: 'classification', numberOfLabels: 3 },
  { kind: 'regression', numberOfLabels: 1 },
  { kind: 'multiple-choice' },
  { kind: 'question-answering' },
];
const texts = (['bert', 'roberta', 'distilbert'] as const).flatMap((family) =>
  heads.map((head) => [family, head] as const),
);

function textBatch(head: HeadOptions, padTokenId: number): Batch {
  const batch = randomTextBatch({ seed: 3, head, size: 4, length: 9, vocabularySize: 31, padTokenId });
  if (head.kind !== 'question-answering') return batch;
  // Answers among the tokens that are selected below.
  const data = Int32Array.of(0, 2, 2, 5, 5, 5, 0, 2);
  return { ...batch, labels: { dtype: 'int32', shape: [4, 2], data } };
}

/** The loss; leaves the gradients of all parameters. */
type Loss = () => number;

/** Central differences of the loss along the gradient of each parameter against its norm. */
function expectTrueGradients(loss: Loss, parameters: readonly (readonly [string, Parameter])[]): void {
  const step = 2e-3; // short enough to keep clear of the kinks of ReLU
  const named = parameters.map(([name, parameter]): [string, Parameter] => [name, parameter]);
  loss();
  const gradients = named.map(([, { gradient, size }]) =>
    Float32Array.from(gradient?.read() ?? new Float32Array(size)),
  );
  const wrong: string[] = [];
  let checked = 0;
  for (const [index, [name, parameter]] of named.entries()) {
    const gradient = gradients[index]!;
    const norm = Math.hypot(...gradient);
    if (norm < 1e-2) continue; // key biases and the bias of span scores: 0 but for rounding
    checked += 1;
    const start = Float32Array.from(parameter.read());
    const at = (distance: number): number => {
      const moved = start.map((value, element) => value + (distance * gradient[element]!) / norm);
      scope(() => parameter.assign(tensorFrom(moved, parameter.shape)));
      return loss();
    };
    const numeric = (at(step) - at(-step)) / (2 * step);
    scope(() => parameter.assign(tensorFrom(start, parameter.shape)));
    if (!(Math.abs(numeric - norm) <= 1e-2 * norm + 5e-4)) wrong.push(`${name}: ${norm}, numeric ${numeric}`);
  }
  expect(wrong).toEqual([]);
  expect(checked).toBeGreaterThanOrEqual(named.length / 2);
}

function lossOf(model: TransformerModel, batch: Batch, tokens?: TokenChoice): Loss {
  return () => {
    releaseGradients([...model.namedParameters()]);
    return forwardBackward(model, batch, { seed: 0, microStep: 0, tokens })!;
  };
}

const release = (model: TransformerModel) => {
  releaseGradients([...model.namedParameters()]);
  model.release();
};

await describeOnFirstBackend('gradients of encoders', () => {
  // Dropout draws the same numbers in every pass of a micro-step, so that the loss stays a function of the parameters.
  it.each([...texts, ['vit', heads[0]!] as const, ['vit', heads[1]!] as const])(
    'are those of finite differences, with dropout: %s, %j',
    (family, head) => {
      const model = randomModel(readModelConfig(configs[family], { dropout: 0.2 }), head, 1);
      const batch =
        family === 'vit' ? randomImageBatch(3, [4, 3, 8, 8], head) : textBatch(head, family === 'roberta' ? 1 : 0);
      const policies = head.kind === 'classification' ? (['lean', 'pytorch'] as const) : (['lean'] as const);
      for (const policy of policies) {
        withSavingPolicy(policy, () => expectTrueGradients(lossOf(model, batch), [...model.namedParameters()]));
      }
      release(model);
    },
  );

  /** Every row's tokens 0, 2 and 5; the last row has a padded slot. */
  const some: TokenChoice = {
    tokens: 3,
    positions: Int32Array.from([0, 2, 5, 0, 2, 5, 0, 2, 5, 0, 2, 0]),
    mask: Int32Array.from([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]),
  };
  const every: TokenChoice = {
    tokens: 9,
    positions: Int32Array.from({ length: 36 }, (_, slot) => slot % 9),
    mask: new Int32Array(36).fill(1),
  };

  it.each(texts)('of a head that sees selected tokens only are those of finite differences: %s, %j', (family, head) => {
    const model = randomModel(readModelConfig(configs[family], { dropout: 0 }), head, 1);
    const batch = textBatch(head, family === 'roberta' ? 1 : 0);
    const ofHead = [...model.namedParameters()].filter(
      ([name]) => model.isHeadParameter(name) || name.includes('pooler'),
    );
    for (const pooling of ['first', 'mean'] as const) {
      model.pooling = pooling;
      expectTrueGradients(lossOf(model, batch, some), ofHead);
    }
    release(model);
  });

  it.each(heads)('do not change with padded slots: %j', (head) => {
    const model = randomModel(readModelConfig(configs.bert, { dropout: 0 }), head, 1);
    model.pooling = 'mean';
    const size = head.kind === 'multiple-choice' ? 2 : 1;
    const batch = { ...randomTextBatch({ seed: 3, head, size, length: 9, vocabularySize: 31, padding: 'none' }) };
    if (head.kind === 'question-answering') {
      batch.labels = { dtype: 'int32', shape: [1, 2], data: Int32Array.of(0, 2) };
    }
    const slots = (positions: readonly number[], mask: readonly number[]): TokenChoice => {
      const rows = <T>(values: readonly T[]) => Array.from({ length: size }, () => values).flat();
      const [every, real] = [Int32Array.from(rows(positions)), Int32Array.from(rows(mask))];
      return { tokens: positions.length, positions: every, mask: real };
    };
    const [plain, padded] = [slots([0, 2], [1, 1]), slots([0, 2, 0, 0], [1, 1, 0, 0])].map((tokens) => {
      const loss = lossOf(model, batch, tokens)();
      return [loss, ...model.parameters().flatMap(({ gradient }) => [...(gradient?.read() ?? [])])];
    });
    const largest = Math.max(...plain!.map((value, index) => Math.abs(value - padded![index]!)));
    expect(largest).toBeLessThan(1e-5);
    expect(Math.max(...plain!.slice(1).map(Math.abs))).toBeGreaterThan(1e-2);
    release(model);
  });

  it.each(texts)('with every token selected are those without a selection: %s, %j', (family, head) => {
    const model = randomModel(readModelConfig(configs[family], { dropout: 0 }), head, 1);
    const batch = textBatch(head, family === 'roberta' ? 1 : 0);
    const gradients = (tokens?: TokenChoice) => {
      const loss = lossOf(model, batch, tokens)();
      return [loss, ...model.parameters().map(({ gradient }) => Float32Array.from(gradient?.read() ?? []))] as const;
    };
    const [plainLoss, ...plain] = gradients();
    const [selectedLoss, ...selected] = gradients(every);
    expect(selectedLoss).toBeCloseTo(plainLoss, 5);
    plain.forEach((gradient, index) => {
      expect(selected[index]!.length).toBe(gradient.length);
      gradient.forEach((value, element) => expect(Math.abs(selected[index]![element]! - value)).toBeLessThan(1e-5));
    });
    release(model);
  });
});
