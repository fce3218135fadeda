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
import { parseOptConfig } from './config.js';
import { optPositions } from './decoder.js';

const lm: HeadOptions = { kind: 'causal-lm' };
const classification: HeadOptions = { kind: 'classification', numberOfLabels: 3 };
const json = {
  model_type: 'opt',
  vocab_size: 29,
  hidden_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 3,
  ffn_dim: 20,
  max_position_embeddings: 9,
  word_embed_proj_dim: 8,
  init_std: 0.3,
  dropout: 0,
};

const batchFor = (head: HeadOptions): Batch =>
  randomTextBatch({ seed: 3, head, size: 3, length: 7, vocabularySize: 29, padTokenId: 1, padding: 'left' });

it('counts positions by the mask, padding has the row before them', () => {
  const batch = batchFor(lm);
  const rows = (mask: readonly number[]) =>
    optPositions({
      ...batch,
      size: 1,
      length: mask.length,
      inputs: { attentionMask: { dtype: 'int32', shape: [1, mask.length], data: Int32Array.from(mask) } },
    }).data;
  expect([...rows([1, 1, 1, 0, 0])]).toEqual([2, 3, 4, 1, 1]);
  expect([...rows([0, 0, 1, 1, 1])]).toEqual([1, 1, 2, 3, 4]);
  expect([...rows([1, 0, 1])]).toEqual([2, 1, 3]);
});

it('names every wrong key at once', () => {
  const wrong = { ...json, ffn_dim: 0, layerdrop: 0.1, layer_norm_elementwise_affine: false, hidden_size: undefined };
  const read = () => parseOptConfig(wrong, 'config.json');
  expect(read).toThrow(ConfigurationError);
  expect(read).toThrow(
    [
      'config.json: hidden_size: is missing (expected a number)',
      'config.json: ffn_dim: has the value 0 (expected more than 0)',
      'config.json: layer_norm_elementwise_affine: has the value false (expected one of true)',
      'config.json: layerdrop: has the value 0.1 (expected one of 0)',
    ].join('\n'),
  );
  expect(() => parseOptConfig({ ...json, num_attention_heads: 5 })).toThrow(
    'hidden_size 12 does not split into 5 attention heads',
  );
});

await describeOnBackends('OPT', () => {
  itHasTheTensorsOf(/^model-opt-/, () => lm);

  it('loads without prefix and with the tied head alone; starts heads of other tasks fresh', async () => {
    const source = randomModel(readModelConfig(json), lm, 1);
    const tensors = tensorsOf(source);
    source.release();
    const bare = Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name.slice(6), tensor]));
    const { 'decoder.embed_tokens.weight': tied, ...others } = bare;
    const headOnly = { ...others, 'lm_head.weight': tied! };
    for (const stored of [bare, headOnly]) {
      const { model, freshParameters } = await modelFromTensors(json, lm, stored);
      expect(tensorsOf(model)).toEqual(tensors);
      expect(freshParameters).toEqual([]);
      model.release();
    }
    const classifier = await modelFromTensors(json, classification, tensors);
    expect(classifier.freshParameters).toEqual(['score.weight']);
    expect(classifier.model.architecture).toBe('OPTForSequenceClassification');
    classifier.model.release();
    const untied = await modelFromTensors({ ...json, tie_word_embeddings: false }, lm, tensors);
    expect(untied.freshParameters).toEqual(['lm_head.weight']);
    untied.model.release();
  });

  it.each([lm, classification])('starts as transformers does ($kind)', (head) => {
    const model = randomModel(readModelConfig(json), head, 7);
    expect(unusualStarts(model, 0.3)).toEqual([]);
    model.release();
  });

  it('lists its sites in forward order', () => {
    const model = randomModel(readModelConfig(json), lm, 0);
    const names = (placement: 'before' | 'after') => {
      const attention = ['attention.query', 'attention.key', 'attention.value', 'attention.output'];
      const ffn = ['ffn.up', 'ffn.down'];
      const before = ['attention.norm', ...attention, 'ffn.norm', ...ffn];
      const layer = placement === 'before' ? before : [...attention, 'attention.norm', ...ffn, 'ffn.norm'];
      return [
        ...['embeddings.token', 'embeddings.position', 'embeddings.projection'],
        ...layer,
        ...layer,
        ...(placement === 'before' ? ['finalNorm'] : []),
        ...['outputProjection', 'head'],
      ];
    };
    expect(model.sites.map(({ address }) => address.name)).toEqual(names('before'));
    expect(model.sitesNamed('ffn.up').map(({ path }) => path)).toEqual([
      'model.decoder.layers.0.fc1',
      'model.decoder.layers.1.fc1',
    ]);
    model.release();
    const after = randomModel(readModelConfig({ ...json, do_layer_norm_before: false }), lm, 0);
    expect(after.sites.map(({ address }) => address.name)).toEqual(names('after'));
    after.release();
  });

  itStepsOnce(
    'model.decoder.embed_tokens.weight',
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

  it('names the token that a classifier reads, which selections must hold', () => {
    const model = randomModel(readModelConfig(json), classification, 4);
    const inputIds = { dtype: 'int32', shape: [2, 4], data: Int32Array.of(5, 6, 1, 1, 1, 5, 6, 7) } as const;
    const batch = { ...batchFor(classification), size: 2, length: 4, inputs: { inputIds } };
    expect([0, 1].map((row) => model.requiredPositions(batch, row))).toEqual([[1], [3]]);
    model.release();
  });
});
