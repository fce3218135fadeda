import { forwardBackward, releaseGradients, type Batch, type TokenChoice, type TokenSlots } from '@leantune/core';
import { existsSync, readFileSync } from 'node:fs';
import { modelFromCheckpoint, type BuiltModel } from '../architecture/buildModel.js';
import { readModelConfig } from '../architecture/registry.js';
import { openSafetensors } from '../safetensors/reader.js';
import { memorySource } from '../safetensors/source.js';
import { encodeSafetensors, type WritableTensor } from '../safetensors/writer.js';
import type { HeadOptions } from '../transformer/head.js';
import type { TransformerModel } from '../transformer/model.js';
import { sharedFile } from './shared.js';

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

/** Names and shapes of a model's parameters and buffers, sorted. */
export function shapesOf(model: TransformerModel): string[] {
  const named = [...model.namedParameters(), ...model.namedBuffers()];
  return named.map(([name, { shape }]) => `${name} [${shape.join()}]`).sort();
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

/** Configuration of a stored reference case; undefined where the reference data is absent. */
export function goldenConfig(name: string): unknown {
  const file = sharedFile(`goldens/cases/${name}/config.json`);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}
