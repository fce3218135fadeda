import { forwardBackward, predict, releaseGradients, type Batch } from '@leantune/core';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import { lackingInPython, runPython } from '../../../core/src/testing/python.js';
import { modelFromCheckpoint } from '../architecture/buildModel.js';
import { architectures, readModelConfig } from '../architecture/registry.js';
import { openWeights, saveSafetensors } from '../node/openWeights.js';
import { readJson } from '../node/readJson.js';
import { headSize, type HeadOptions } from '../transformer/head.js';

/** A model of random weights and a batch, to be computed by Python's transformers and by us. */
export interface ReferenceCase {
  readonly name: string;
  /** `config.json`, with `model_type`. */
  readonly config: Readonly<Record<string, unknown>> & { readonly model_type: string };
  readonly head: HeadOptions;
  readonly batch: Batch;
}

/** float32 against float32: those of the stored reference cases. */
const tolerance = { loss: 1e-5, logits: 5e-5, gradientToMaximum: 2e-4, gradientAbsolute: 1e-6 };

const script = join(import.meta.dirname, 'transformersReference.py');

/**
 * Runs the cases with transformers, once, and compares logits, loss and every gradient on every backend, and the logits
 * of evaluation. Skipped where Python has no transformers.
 */
export async function describeAgainstTransformers(name: string, cases: readonly ReferenceCase[]): Promise<void> {
  const lacking = lackingTransformers();
  if (lacking !== undefined) {
    describe(name, () => it.skip(lacking, () => undefined));
    return;
  }
  const root = mkdtempSync(join(tmpdir(), 'leantune-reference-'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  const folders = await Promise.all(cases.map((each, index) => writeCase(root, each, index)));
  await runPython([script, ...folders]);

  await describeOnBackends(name, () => {
    it.each(cases.map((each, index) => [each.name, each, folders[index]!] as const))(
      '%s',
      async (_name, each, folder) => {
        expect(await differences(each, folder)).toEqual([]);
      },
    );
  });
}

/** Why tests against transformers are skipped; undefined where Python has it. */
export const lackingTransformers = () => lackingInPython('torch', 'transformers', 'safetensors');

async function writeCase(root: string, { config, head, batch }: ReferenceCase, index: number): Promise<string> {
  const folder = join(root, String(index));
  mkdirSync(folder);
  const { model_type: modelType, ...rest } = config;
  const architecture = architectures.find((each) => each.modelType === modelType);
  const counted = head.kind === 'classification' || head.kind === 'regression';
  const content = {
    class: architecture!.classes[head.kind],
    config: counted ? { ...rest, num_labels: headSize(head) } : rest,
    seed: index,
  };
  writeFileSync(join(folder, 'case.json'), JSON.stringify(content));
  const inputs = Object.entries(batch.inputs).map(([input, array]) => [snakeCase(input), array] as const);
  const tensors = Object.fromEntries([...inputs, ['labels', batch.labels]]);
  await saveSafetensors(join(folder, 'inputs.safetensors'), tensors, { integers: 'I64' });
  return folder;
}

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** What differs by more than the tolerance, in words. */
async function differences({ head, batch }: ReferenceCase, folder: string): Promise<string[]> {
  const config = await readJson(join(folder, 'config.json'));
  const weights = await openWeights(folder);
  const blueprint = readModelConfig(config, { dropout: 0 });
  const { model, freshParameters } = await modelFromCheckpoint(blueprint, head, weights, folder, 0).finally(() =>
    weights.close(),
  );
  const golden = await openWeights(join(folder, 'golden.safetensors'));
  const found: string[] = freshParameters.map((parameter) => `${parameter}: started fresh`);
  const compare = (tensor: string, actual: ArrayLike<number>, expected: ArrayLike<number>, allowed: number) => {
    const error = actual.length === expected.length ? largestDifference(actual, expected) : Infinity;
    if (!(error <= allowed)) found.push(`${tensor}: error ${error}, allowed ${allowed}`);
  };
  const expected = (tensor: string) => golden.readFloat64(tensor);
  const [loss, logits] = [await expected('loss'), await expected('logits')];
  const { loss: trained, logits: scores } = trainOnce();
  compare('loss', [trained], loss, tolerance.loss * Math.max(1, Math.abs(loss[0]!)));
  compare('logits', scores, logits, tolerance.logits);
  compare('logits of evaluation', predict(model, batch).logits, logits, tolerance.logits);
  for (const [parameter, { gradient, size }] of model.namedParameters()) {
    const stored = `grad.${parameter}`;
    const reference = golden.has(stored) ? await expected(stored) : new Float64Array(size);
    const maximum = largestDifference(reference, new Float64Array(size));
    const allowed = tolerance.gradientToMaximum * maximum + tolerance.gradientAbsolute;
    compare(stored, gradient?.read() ?? new Float64Array(size), reference, allowed);
  }
  const names = new Set([...model.namedParameters()].map(([parameter]) => `grad.${parameter}`));
  const unknown = golden.names().filter((stored) => stored.startsWith('grad.') && !names.has(stored));
  found.push(...unknown.map((stored) => `${stored}: the model has no such parameter`));
  releaseGradients([...model.namedParameters()]);
  model.release();
  await golden.close();
  return found;

  function trainOnce() {
    let scores = new Float32Array();
    const trained = forwardBackward(model, batch, {
      seed: 0,
      microStep: 0,
      onOutput: (output) => (scores = Float32Array.from(output.logits.read())),
    });
    return { loss: trained!, logits: scores };
  }
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = 0;
  for (let index = 0; index < a.length; index++) {
    const difference = Math.abs(a[index]! - b[index]!);
    if (!(difference <= largest)) largest = difference; // NaN too
  }
  return largest;
}
