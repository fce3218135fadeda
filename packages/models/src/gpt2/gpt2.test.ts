import { ConfigurationError, type Batch } from '@leantune/core';
import { expect, it } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import { randomModel } from '../architecture/buildModel.js';
import { readModelConfig } from '../architecture/registry.js';
import { itHasTheTensorsOf } from '../testing/checkpointTensors.js';
import {
  allTokens,
  itStepsOnce,
  largestDifference,
  modelFromTensors,
  runModel,
  tensorsOf,
  unusualStarts,
} from '../testing/modelRun.js';
import { randomTextBatch } from '../testing/randomBatch.js';
import type { HeadOptions } from '../transformer/head.js';
import { parseGpt2Config } from './config.js';

const lm: HeadOptions = { kind: 'causal-lm' };
const classification: HeadOptions = { kind: 'classification', numberOfLabels: 3 };
const json = {
  model_type: 'gpt2',
  vocab_size: 29,
  n_positions: 9,
  n_embd: 12,
  n_layer: 2,
  n_head: 3,
  initializer_range: 0.3,
  embd_pdrop: 0,
  attn_pdrop: 0,
  resid_pdrop: 0,
};

const batchFor = (head: HeadOptions): Batch =>
  randomTextBatch({ seed: 3, head, size: 3, length: 7, vocabularySize: 29, padding: 'left' });

it('names every wrong key at once', () => {
  const wrong = { ...json, n_layer: 'two', resid_pdrop: -1, add_cross_attention: true, activation_function: 'swiglu' };
  const read = () => parseGpt2Config(wrong, 'config.json');
  expect(read).toThrow(ConfigurationError);
  expect(read).toThrow(
    [
      'config.json: n_layer: has the value "two" (expected a number)',
      'config.json: activation_function: has the value "swiglu" (expected one of gelu, gelu_new, gelu_pytorch_tanh, relu, silu, swish, tanh)',
      'config.json: resid_pdrop: has the value -1 (expected at least 0)',
      'config.json: add_cross_attention: has the value true (expected one of false)',
    ].join('\n'),
  );
});

it('is four times as wide inside unless the file says otherwise', () => {
  expect(parseGpt2Config({ ...json, n_inner: null }).intermediateSize).toBe(48);
  expect(parseGpt2Config({ ...json, n_inner: 17 }).intermediateSize).toBe(17);
});

await describeOnBackends('GPT-2', () => {
  itHasTheTensorsOf(/^model-gpt2-/, () => lm);

  it('loads the published layout: no prefix, buffers of the mask, no head', async () => {
    const source = randomModel(readModelConfig(json), lm, 1);
    const tensors = tensorsOf(source);
    source.release();
    const published = {
      ...Object.fromEntries(
        Object.entries(tensors).map(([name, tensor]) => [name.slice('transformer.'.length), tensor]),
      ),
      'h.0.attn.bias': { dtype: 'float32', shape: [1, 1, 9, 9], data: new Float32Array(81) },
      'h.0.attn.masked_bias': { dtype: 'float32', shape: [], data: Float32Array.of(-1e4) },
    } as const;
    const { model, freshParameters } = await modelFromTensors(json, lm, published);
    expect(tensorsOf(model)).toEqual(tensors);
    expect(freshParameters).toEqual([]);
    model.release();
    const classifier = await modelFromTensors(json, classification, published);
    expect(classifier.freshParameters).toEqual(['score.weight']);
    classifier.model.release();
  });

  it.each([lm, classification])('starts as transformers does ($kind)', (head) => {
    const model = randomModel(readModelConfig(json), head, 7);
    expect(unusualStarts(model, 0.3)).toEqual([]);
    model.release();
  });

  it('lists its sites in forward order; the fused projection stands for query, key and value', () => {
    const model = randomModel(readModelConfig(json), lm, 0);
    const layer = ['attention.norm', 'attention.queryKeyValue', 'attention.output', 'ffn.norm', 'ffn.up', 'ffn.down'];
    expect(model.sites.map(({ address }) => address.name)).toEqual([
      ...['embeddings.token', 'embeddings.position'],
      ...layer,
      ...layer,
      ...['finalNorm', 'head'],
    ]);
    expect(model.sitesNamed('attention.value').map(({ path }) => path)).toEqual([
      'transformer.h.0.attn.c_attn',
      'transformer.h.1.attn.c_attn',
    ]);
    model.release();
  });

  itStepsOnce(
    'transformer.wte.weight',
    () => randomModel(readModelConfig(json), lm, 2),
    () => batchFor(lm),
  );

  it.each([lm, classification])('computes the same with all tokens selected ($kind)', (head) => {
    const model = randomModel(readModelConfig(json), head, 4);
    const batch = batchFor(head);
    const plain = runModel(model, batch);
    expect(largestDifference(plain, runModel(model, batch, allTokens(3, 7)))).toBeLessThan(1e-5);
    model.release();
  });
});
