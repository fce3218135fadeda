import {
  adamW,
  forwardBackward,
  releaseGradients,
  trainStep,
  trainedParameters,
  type Batch,
  type TokenChoice,
  type TokenSlots,
} from '@leantune/core';
import { expect, it } from 'vitest';
import { modelFromCheckpoint, type BuiltModel } from '../architecture/buildModel.js';
import { readModelConfig } from '../architecture/registry.js';
import { openSafetensors } from '../safetensors/reader.js';
import { memorySource } from '../safetensors/source.js';
import { encodeSafetensors, type WritableTensor } from '../safetensors/writer.js';
import type { HeadOptions } from '../transformer/head.js';
import type { TransformerModel } from '../transformer/model.js';

/** What one training step computes. */
export interface ModelRun {
  readonly loss: number;
  readonly logits: readonly number[];
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}

/** Loss, logits and all gradients of a batch; nothing is changed or left behind. */
export function runModel(model: TransformerModel, batch: Batch, tokens?: TokenChoice): ModelRun {
  let logits: number[] = [];
  const loss = forwardBackward(model, batch, {
    seed: 1,
    microStep: 0,
    tokens,
    onOutput: (output) => (logits = [...output.logits.read()]),
  });
  const named = [...model.namedParameters()];
  const gradients = Object.fromEntries(named.map(([name, { gradient }]) => [name, [...(gradient?.read() ?? [])]]));
  releaseGradients(named);
  return { loss: loss!, logits, gradients };
}

/** Every token of every row. */
export function allTokens(size: number, length: number): TokenSlots {
  return {
    tokens: length,
    positions: Int32Array.from({ length: size * length }, (_, slot) => slot % length),
    mask: new Int32Array(size * length).fill(1),
  };
}

/** Largest difference of two runs, gradients relative to the largest value of their tensor (at least 1e-3). */
export function largestDifference(a: ModelRun, b: ModelRun): number {
  const apart = (x: readonly number[], y: readonly number[], unit = 1) =>
    x.length === y.length ? Math.max(0, ...x.map((value, index) => Math.abs(value - y[index]!) / unit)) : Infinity;
  const gradients = Object.entries(a.gradients).map(([name, values]) =>
    apart(values, b.gradients[name] ?? [], Math.max(1e-3, ...values.map(Math.abs))),
  );
  return Math.max(Math.abs(a.loss - b.loss), apart(a.logits, b.logits), ...gradients);
}

/** Parameters that do not start as transformers' do: biases 0, gains 1, matrices normal with this deviation. */
export function unusualStarts(model: TransformerModel, deviation: number): string[] {
  const found = [...model.namedParameters()].filter(([name, parameter]) => {
    const values = [...parameter.read()];
    if (parameter.shape.length === 1) return !values.every((value) => value === (name.endsWith('bias') ? 0 : 1));
    const spread = Math.sqrt(values.reduce((total, value) => total + value ** 2, 0) / values.length) / deviation;
    // Four standard errors of a sample's deviation.
    return Math.abs(spread - 1) > 4 / Math.sqrt(2 * values.length);
  });
  return found.map(([name]) => name);
}

export type Tensors = Record<string, WritableTensor>;

/** A checkpoint of a model's values. */
export function tensorsOf(model: TransformerModel): Tensors {
  const named = [...model.namedParameters(), ...model.namedBuffers()];
  return Object.fromEntries(
    named.map(([name, parameter]): [string, WritableTensor] => [
      name,
      { dtype: 'float32', shape: parameter.shape, data: Float32Array.from(parameter.read()) },
    ]),
  );
}

/** Loads a model from tensors as from a file. */
export async function modelFromTensors(json: unknown, head: HeadOptions, tensors: Tensors): Promise<BuiltModel> {
  const checkpoint = await openSafetensors(memorySource(encodeSafetensors(tensors), 'checkpoint.safetensors'));
  return modelFromCheckpoint(readModelConfig(json), head, checkpoint, 'checkpoint.safetensors', 5).finally(() =>
    checkpoint.close(),
  );
}

/** Tests that a matrix of several uses, by its first name, is one parameter: it is stepped once. */
export function itStepsOnce(name: string, makeModel: () => TransformerModel, makeBatch: () => Batch): void {
  it(`steps ${name} once`, () => {
    // AdamW moves every element by the learning rate at its first step (no decay): more if it stepped more than once.
    const model = makeModel();
    const trained = trainedParameters(model);
    const shared = trained.find(([each]) => each === name)![1];
    expect(trained.filter(([, parameter]) => parameter === shared).map(([each]) => each)).toEqual([name]);
    const before = [...shared.read()];
    const optimizer = adamW({ learningRate: 0.01, weightDecay: 0 }).create(trained);
    trainStep(model, optimizer, trained, [makeBatch()], { seed: 0, microStep: 0, learningRate: 0.01 });
    const moved = [...shared.read()].map((value, index) => Math.abs(value - before[index]!));
    expect(Math.max(...moved)).toBeCloseTo(0.01, 4);
    optimizer.release();
    model.release();
  });
}
