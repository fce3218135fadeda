import { ConfigurationError, type Batch } from '@leantune/core';
import { describe, expect, it } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import { randomModel } from '../architecture/buildModel.js';
import { readModelConfig } from '../architecture/registry.js';
import { itHasTheTensorsOf, recordingSource } from '../testing/checkpointTensors.js';
import type { HeadOptions } from '../transformer/head.js';
import { parseRobertaConfig } from './config.js';

const json = {
  model_type: 'roberta',
  vocab_size: 20,
  hidden_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 12,
  max_position_embeddings: 8,
  type_vocab_size: 1,
};
const config = readModelConfig(json);
const classification: HeadOptions = { kind: 'classification', numberOfLabels: 3 };

function messageOf(changed: Readonly<Record<string, unknown>>): string {
  try {
    parseRobertaConfig({ ...json, ...changed }, 'config.json');
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message;
  }
  throw new Error('accepted');
}

describe('parseRobertaConfig', () => {
  // Defaults of transformers.RobertaConfig.
  it('starts positions after the padding token', () => {
    expect(parseRobertaConfig(json)).toMatchObject({ padTokenId: 1, layerNormEpsilon: 1e-12, positionRows: 8 });
    expect(config.maxPositions).toBe(6);
    // roberta-base: 514 rows for texts of 512 tokens.
    expect(readModelConfig({ ...json, max_position_embeddings: 514 }).maxPositions).toBe(512);
    expect(readModelConfig({ ...json, pad_token_id: 4 }).maxPositions).toBe(3);
  });

  it('refuses a configuration without a padding token or without room for a text', () => {
    expect(messageOf({ pad_token_id: null })).toBe('config.json: pad_token_id: has the value null (expected a number)');
    expect(messageOf({ max_position_embeddings: 3, pad_token_id: 2 })).toBe(
      'config.json: max_position_embeddings: has the value 3, but positions start after row 2, that of the padding token (expected at least 4)',
    );
    expect(messageOf({ hidden_size: 9 })).toContain('hidden_size 9 does not split into 2 attention heads');
  });
});

function batch(ids: readonly number[], types = 0): Batch {
  const tokens = (value: (token: number) => number) =>
    ({ dtype: 'int32', shape: [1, ids.length], data: Int32Array.from(ids, (_, token) => value(token)) }) as const;
  return {
    size: 1,
    length: ids.length,
    inputs: {
      inputIds: tokens((token) => ids[token]!),
      attentionMask: tokens(() => 1),
      tokenTypeIds: tokens(() => types),
    },
    labels: { dtype: 'int32', shape: [1], data: Int32Array.of(0) },
  };
}

await describeOnBackends('RoBERTa', () => {
  itHasTheTensorsOf(/^model-roberta-/, (shapeOf) => ({
    kind: 'classification',
    numberOfLabels: shapeOf('classifier.out_proj.bias')[0]!,
  }));

  it('starts as transformers does: normal weights, zero biases, gains of one', () => {
    const found = new Map<string, string>();
    config.create(classification, recordingSource(found)).release();
    for (const [name, start] of found) {
      const expected = name.endsWith('bias') ? 'zeros' : name.includes('LayerNorm') ? 'ones' : 'normal';
      expect(start.split(' ')[1], name).toBe(expected);
    }
    expect(found.get('classifier.dense.weight')).toBe('[8,8] normal');
    expect(found.get('classifier.out_proj.weight')).toBe('[3,8] normal');
    expect(found.size).toBe(5 + 16 + 4);
  });

  it.each([
    [classification, 'RobertaForSequenceClassification', 'classifier.dense', 'classifier.out_proj'],
    [{ kind: 'multiple-choice' }, 'RobertaForMultipleChoice', 'roberta.pooler.dense', 'classifier'],
    [{ kind: 'question-answering' }, 'RobertaForQuestionAnswering', undefined, 'qa_outputs'],
  ] as const)('has sites in forward order: %j', (head, architecture, pooler, output) => {
    const model = randomModel(config, head, 0);
    expect(model.architecture).toBe(architecture);
    expect(model.sites.slice(0, 4).map(({ address, path }) => [address.name, path])).toEqual([
      ['embeddings.token', 'roberta.embeddings.word_embeddings'],
      ['embeddings.position', 'roberta.embeddings.position_embeddings'],
      ['embeddings.type', 'roberta.embeddings.token_type_embeddings'],
      ['embeddings.norm', 'roberta.embeddings.LayerNorm'],
    ]);
    expect(model.sites.slice(12).map(({ address, path }) => [address.name, path])).toEqual([
      ...(pooler === undefined ? [] : [['pooler', pooler]]),
      ['head', output],
    ]);
    expect(model.isHeadParameter(`${output}.weight`)).toBe(true);
    expect(model.isHeadParameter('roberta.pooler.dense.weight')).toBe(false);
    model.release();
  });

  it('refuses texts that are too long and token types outside its table', () => {
    const model = randomModel(config, classification, 0);
    expect(() => model.checkBatch(batch([5, 5, 5, 5, 5, 5]))).not.toThrow();
    expect(() => model.checkBatch(batch([5, 5, 5, 5, 5, 5, 5]))).toThrow(
      "an input of 7 tokens is longer than the model's 6 positions",
    );
    expect(() => model.checkBatch(batch([5], 1))).toThrow("token type 1 is outside the model's only type 0");
    model.release();
  });
});
