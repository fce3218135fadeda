import { ConfigurationError } from '@leantune/core';
import { describe, expect, it } from 'vitest';
import { parseLlamaConfig } from './config.js';
import { inverseFrequencies } from './rope.js';

const base = {
  vocab_size: 32000,
  hidden_size: 4096,
  intermediate_size: 11008,
  num_hidden_layers: 32,
  num_attention_heads: 32,
};

const parse = (json: unknown) => parseLlamaConfig(json, 'config.json', { queryKeyValueBias: false });

function issuesOf(json: unknown): string[] {
  try {
    parse(json);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message.split('\n');
  }
  throw new Error('accepted');
}

describe('parseLlamaConfig', () => {
  it('has the defaults of transformers', () => {
    expect(parse(base)).toEqual({
      vocabularySize: 32000,
      hiddenSize: 4096,
      layers: 32,
      attentionHeads: 32,
      keyValueHeads: 32,
      headSize: 128,
      intermediateSize: 11008,
      hiddenActivation: 'silu',
      maxPositions: 2048,
      initializerRange: 0.02,
      rmsNormEpsilon: 1e-6,
      ropeTheta: 10_000,
      ropeScaling: undefined,
      queryKeyValueBias: false,
      attentionOutputBias: false,
      feedForwardBias: false,
      attentionDropout: 0,
      padTokenId: undefined,
      tieWordEmbeddings: false,
    });
  });

  it('takes the older name of the type of rotary scaling', () => {
    expect(parse({ ...base, rope_scaling: { type: 'linear', factor: 4 } }).ropeScaling).toMatchObject({
      rope_type: 'linear',
      factor: 4,
    });
  });

  it('refuses types of rotary scaling that it does not compute, and incomplete ones', () => {
    expect(issuesOf({ ...base, rope_scaling: { rope_type: 'yarn', factor: 4 } })).toEqual([
      'config.json: rope_scaling.rope_type: has the value "yarn" (expected one of default, linear, llama3)',
    ]);
    expect(issuesOf({ ...base, rope_scaling: { rope_type: 'llama3', factor: 8 } })).toEqual([
      'config.json: rope_scaling.low_freq_factor: is missing (expected a number)',
      'config.json: rope_scaling.high_freq_factor: is missing (expected a number)',
      'config.json: rope_scaling.original_max_position_embeddings: is missing (expected a number)',
    ]);
  });

  it('takes the newer place of theta and the scaling', () => {
    const parameters = { rope_type: 'linear', factor: 2, rope_theta: 500_000 };
    expect(parse({ ...base, rope_parameters: parameters })).toMatchObject({
      ropeTheta: 500_000,
      ropeScaling: { rope_type: 'linear', factor: 2 },
    });
  });

  it('refuses what no model has', () => {
    expect(issuesOf({ ...base, num_hidden_layers: 1e9 })).toEqual([
      'config.json: num_hidden_layers: has the value 1000000000 (expected at most 10000)',
    ]);
    expect(issuesOf({ ...base, pad_token_id: 32000 })).toEqual([
      'config.json: pad_token_id: has the value 32000 (expected less than vocab_size 32000)',
    ]);
    expect(issuesOf({ ...base, num_key_value_heads: 5 })).toEqual([
      'config.json: num_key_value_heads: has the value 5 (expected a divisor of num_attention_heads 32)',
    ]);
  });

  it('names every wrong key at once', () => {
    expect(
      issuesOf({ ...base, hidden_act: 'mish', head_dim: 7, use_sliding_window: true, attention_dropout: 2 }),
    ).toHaveLength(4);
    expect(issuesOf({ ...base, num_key_value_heads: 5 })[0]).toContain('num_key_value_heads');
    expect(issuesOf({ ...base, num_attention_heads: 33 })[0]).toContain('num_attention_heads');
  });
});

describe('inverseFrequencies', () => {
  it('are powers of theta', () => {
    // θ^(-2i/d) with θ = 10,000 and d = 8: 1, 0.1, 0.01, 0.001.
    const found = inverseFrequencies(8, 10_000, undefined);
    [1, 0.1, 0.01, 0.001].forEach((expected, index) => expect(found[index]! / expected).toBeCloseTo(1, 6));
  });

  it('are divided by a linear factor', () => {
    const plain = inverseFrequencies(8, 10_000, undefined);
    const stretched = inverseFrequencies(8, 10_000, { rope_type: 'linear', factor: 4 });
    expect([...stretched]).toEqual([...plain].map((value) => Math.fround(value / 4)));
  });
});
