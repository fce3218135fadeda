import { ConfigurationError, RandomStream, trainedParameters, type Batch, type HostArray } from '@leantune/core';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import { randomModel } from '../architecture/buildModel.js';
import { readModelConfig } from '../architecture/registry.js';
import { openWeights } from '../node/openWeights.js';
import { saveModel } from '../node/saveModel.js';
import { itHasTheTensorsOf } from '../testing/checkpointTensors.js';
import {
  allTokens,
  itStepsOnce,
  largestDifference,
  modelFromTensors,
  runModel,
  tensorsOf,
  unusualStarts,
  type Tensors,
} from '../testing/modelRun.js';
import { randomTextBatch } from '../testing/randomBatch.js';
import type { HeadOptions } from '../transformer/head.js';
import { parseBartConfig } from './config.js';

const classification: HeadOptions = { kind: 'classification', numberOfLabels: 3 };
const generation: HeadOptions = { kind: 'seq2seq-lm' };
const json = {
  model_type: 'bart',
  vocab_size: 29,
  d_model: 12,
  encoder_layers: 1,
  decoder_layers: 2,
  encoder_attention_heads: 3,
  decoder_attention_heads: 2,
  encoder_ffn_dim: 20,
  decoder_ffn_dim: 14,
  max_position_embeddings: 9,
  init_std: 0.3,
  dropout: 0,
};
const [size, length, targetLength] = [3, 7, 5];

/** Rows with the end token in these columns. */
function classified(ends: readonly (readonly number[])[]): Batch {
  const batch = randomTextBatch({ seed: 3, head: classification, size, length, vocabularySize: 29, padTokenId: 1 });
  const ids = batch.inputs.inputIds!.data.map((id) => (id === 2 ? 3 : id)) as Int32Array;
  ends.forEach((columns, row) => columns.forEach((column) => (ids[row * length + column] = 2)));
  return { ...batch, inputs: { ...batch.inputs, inputIds: { dtype: 'int32', shape: [size, length], data: ids } } };
}

const oneEnd = classified([[6], [3], [0]]);

function translated(): Batch {
  const random = new RandomStream(2, 'targets');
  const labels: HostArray = {
    dtype: 'int32',
    shape: [size, targetLength],
    data: Int32Array.from({ length: size * targetLength }, (_, index) => (index % 5 === 4 ? -100 : random.integer(29))),
  };
  return { ...oneEnd, labels };
}

it('names every wrong key at once', () => {
  const wrong = {
    ...json,
    d_model: 1.5,
    decoder_layerdrop: 0.2,
    pad_token_id: null,
    tie_word_embeddings: false,
    normalize_before: true,
  };
  const read = () => parseBartConfig(wrong, 'config.json');
  expect(read).toThrow(ConfigurationError);
  expect(read).toThrow(
    [
      'config.json: d_model: has the value 1.5 (expected a whole number)',
      'config.json: decoder_layerdrop: has the value 0.2 (expected one of 0)',
      'config.json: pad_token_id: has the value null (expected a number)',
      'config.json: tie_word_embeddings: has the value false (expected one of true)',
      'config.json: normalize_before: has the value true (expected one of false)',
    ].join('\n'),
  );
  expect(() => parseBartConfig({ ...json, decoder_attention_heads: 5 }, 'config.json')).toThrow(
    'config.json: decoder_attention_heads: hidden_size 12 does not split into 5 attention heads',
  );
});

await describeOnBackends('BART', () => {
  itHasTheTensorsOf(/^model-bart-/, () => classification);

  it('loads the shared embedding under any of its names, with and without prefix', async () => {
    const source = randomModel(readModelConfig(json), generation, 1);
    const tensors = tensorsOf(source);
    source.release();
    const { 'model.shared.weight': shared, ...others } = tensors;
    const renamed = (name: string): Tensors => ({ ...others, [name]: shared! });
    const bare = Object.fromEntries(
      Object.entries(tensors).map(([name, each]) => [name.replace(/^model\./, ''), each]),
    );
    const names = ['model.encoder.embed_tokens.weight', 'model.decoder.embed_tokens.weight', 'lm_head.weight'];
    for (const stored of [bare, ...names.map(renamed)]) {
      const { model, freshParameters } = await modelFromTensors(json, generation, stored);
      expect(tensorsOf(model)).toEqual(tensors);
      expect(freshParameters).toEqual([]);
      model.release();
    }
  });

  it('keeps the bias of the logits, which is no parameter; without one it is zero', async () => {
    const source = randomModel(readModelConfig(json), generation, 1);
    const { final_logits_bias: zero, ...rest } = tensorsOf(source);
    expect(zero!.data).toEqual(new Float32Array(29));
    source.release();
    const { model: plain, freshParameters } = await modelFromTensors(json, generation, rest);
    expect(freshParameters).toEqual([]);
    const values = Float32Array.from({ length: 29 }, (_, index) => index / 10);
    const { model } = await modelFromTensors(json, generation, {
      ...rest,
      final_logits_bias: { dtype: 'float32', shape: [1, 29], data: values },
    });
    const batch = translated();
    const difference = runModel(model, batch).logits.map((value, index) => value - values[index % 29]!);
    runModel(plain, batch).logits.forEach((value, index) => expect(difference[index]).toBeCloseTo(value, 4));
    model.setTrained(() => true);
    expect(trainedParameters(model).map(([name]) => name)).not.toContain('final_logits_bias');
    const folder = mkdtempSync(join(tmpdir(), 'leantune-bart-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    await saveModel(model, folder);
    const saved = await openWeights(join(folder, 'model.safetensors'));
    expect((await saved.read('final_logits_bias')).data).toEqual(values);
    await saved.close();
    model.release();
    plain.release();
  });

  it('starts a classifier fresh over a checkpoint of the base model', async () => {
    const source = randomModel(readModelConfig(json), generation, 1);
    const { model, freshParameters } = await modelFromTensors(json, classification, tensorsOf(source));
    expect(freshParameters).toEqual([
      'classification_head.dense.weight',
      'classification_head.dense.bias',
      'classification_head.out_proj.weight',
      'classification_head.out_proj.bias',
    ]);
    source.release();
    model.release();
  });

  it.each([classification, generation])('starts as transformers does ($kind)', (head) => {
    const model = randomModel(readModelConfig(json), head, 7);
    expect(unusualStarts(model, 0.3)).toEqual([]);
    model.release();
  });

  it('lists its sites, with their stacks', () => {
    const model = randomModel(readModelConfig(json), classification, 0);
    const block = (kind: string, stack: string) =>
      ['query', 'key', 'value', 'output', 'norm'].map((part) => `${stack} ${kind}.${part}`);
    const ffn = (stack: string) => ['up', 'down', 'norm'].map((part) => `${stack} ffn.${part}`);
    const embeddings = (stack: string) => [`${stack} embeddings.position`, `${stack} embeddings.norm`];
    const decoderLayer = [...block('attention', 'decoder'), ...block('crossAttention', 'decoder'), ...ffn('decoder')];
    expect(
      model.sites.map(({ address: { stack, name } }) => (stack === undefined ? name : `${stack} ${name}`)),
    ).toEqual([
      'embeddings.token',
      ...embeddings('encoder'),
      ...block('attention', 'encoder'),
      ...ffn('encoder'),
      ...embeddings('decoder'),
      ...decoderLayer,
      ...decoderLayer,
      'pooler',
      'head',
    ]);
    expect(model.sitesNamed('crossAttention.key').map(({ path }) => path)).toEqual([
      'model.decoder.layers.0.encoder_attn.k_proj',
      'model.decoder.layers.1.encoder_attn.k_proj',
    ]);
    expect(model.stacks.map(({ kind, layers }) => [kind, layers.length])).toEqual([
      ['encoder', 1],
      ['decoder', 2],
    ]);
    model.release();
  });

  itStepsOnce('model.shared.weight', () => randomModel(readModelConfig(json), generation, 2), translated);

  it.each([
    ['classification', classification, oneEnd, length],
    ['generation', generation, translated(), targetLength],
  ] as const)(
    'computes the same with all tokens of either stack selected (%s)',
    (_name, head, batch, decoderLength) => {
      const model = randomModel(readModelConfig(json), head, 4);
      const plain = runModel(model, batch);
      const encoder = allTokens(size, length);
      const decoder = { ...allTokens(size, decoderLength), length: decoderLength };
      expect(largestDifference(plain, runModel(model, batch, encoder))).toBeLessThan(1e-5);
      expect(largestDifference(plain, runModel(model, batch, { ...encoder, decoder }))).toBeLessThan(1e-5);
      model.release();
    },
  );

  it('finds the last end among the selected tokens of the decoder', () => {
    const model = randomModel(readModelConfig(json), classification, 4);
    const batch = classified([
      [0, 6],
      [1, 3],
      [4, 5],
    ]);
    expect([0, 1, 2].map((row) => model.requiredPositions(batch, row))).toEqual([[6], [3], [5]]);
    const decoder = { tokens: 2, length, positions: Int32Array.of(0, 6, 3, 0, 0, 5), mask: new Int32Array(6).fill(1) };
    const selected = runModel(model, batch, { ...allTokens(size, length), decoder });
    const plain = runModel(model, batch);
    selected.logits.forEach((value, index) => expect(value).toBeCloseTo(plain.logits[index]!, 5));
    model.release();
  });

  it('refuses rows with different numbers of end tokens, and none, naming the rows', () => {
    const model = randomModel(readModelConfig(json), classification, 4);
    const refused = (ends: readonly (readonly number[])[]) => () => model.checkBatch(classified(ends));
    expect(refused([[6], [1, 3], [2]])).toThrow(
      'every row of a batch needs the same number of end-of-text tokens (id 2), at least one; found 1 in row 0, 2; 2 in row 1',
    );
    expect(refused([[], [], []])).toThrow('found 0 in row 0, 1, 2');
    expect(refused([[6], [1], [2]])).not.toThrow();
    model.release();
  });

  it('refuses targets that are longer than its positions', () => {
    const model = randomModel(readModelConfig(json), generation, 4);
    const labels = { dtype: 'int32', shape: [size, 10], data: new Int32Array(size * 10) } as const;
    expect(() => model.checkBatch({ ...oneEnd, labels })).toThrow(
      "an input of 10 tokens is longer than the model's 9 positions",
    );
    model.release();
  });
});
