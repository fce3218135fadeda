import { existsSync, readFileSync } from 'node:fs';
import { ConfigurationError } from '@leantune/core';
import { describe, expect, it } from 'vitest';
import { parseBertConfig } from './config.js';
import { sharedFile } from '../testing/shared.js';

// Config of sentence-transformers/all-MiniLM-L6-v2 at the hub.
const miniLM = {
  architectures: ['BertModel'],
  attention_probs_dropout_prob: 0.1,
  gradient_checkpointing: false,
  hidden_act: 'gelu',
  hidden_dropout_prob: 0.1,
  hidden_size: 384,
  initializer_range: 0.02,
  intermediate_size: 1536,
  layer_norm_eps: 1e-12,
  max_position_embeddings: 512,
  model_type: 'bert',
  num_attention_heads: 12,
  num_hidden_layers: 6,
  pad_token_id: 0,
  position_embedding_type: 'absolute',
  type_vocab_size: 2,
  vocab_size: 30522,
};

function messageOf(json: unknown): string {
  try {
    parseBertConfig(json, 'config.json');
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message;
  }
  throw new Error('accepted');
}

describe('parseBertConfig', () => {
  it('reads the config of MiniLM', () => {
    expect(parseBertConfig(miniLM)).toEqual({
      vocabularySize: 30522,
      hiddenSize: 384,
      layers: 6,
      attentionHeads: 12,
      intermediateSize: 1536,
      hiddenActivation: 'gelu',
      hiddenDropout: 0.1,
      attentionDropout: 0.1,
      classifierDropout: 0.1,
      positionRows: 512,
      typeVocabularySize: 2,
      initializerRange: 0.02,
      layerNormEpsilon: 1e-12,
      padTokenId: 0,
    });
  });

  it("takes the classifier's own drop-out where the file has one, null counts as none", () => {
    expect(parseBertConfig({ ...miniLM, classifier_dropout: 0 }).classifierDropout).toBe(0);
    expect(parseBertConfig({ ...miniLM, classifier_dropout: null, hidden_dropout_prob: 0.3 }).classifierDropout).toBe(
      0.3,
    );
  });

  it('has a padding row unless the file says null', () => {
    const { pad_token_id: _padding, ...without } = miniLM;
    expect(parseBertConfig(without).padTokenId).toBe(0);
    expect(parseBertConfig({ ...without, pad_token_id: null }).padTokenId).toBeUndefined();
  });

  it('names every wrong key at once', () => {
    const { hidden_size: _, ...without } = {
      ...miniLM,
      num_hidden_layers: 'six',
      hidden_dropout_prob: 1.5,
      vocab_size: 0,
    };
    expect(messageOf({ ...without, hidden_act: 'mish' }).split('\n')).toEqual([
      'config.json: vocab_size: has the value 0 (expected more than 0)',
      'config.json: hidden_size: is missing (expected a number)',
      'config.json: num_hidden_layers: has the value "six" (expected a number)',
      'config.json: hidden_act: has the value "mish" (expected one of gelu, gelu_new, gelu_pytorch_tanh, relu, silu, swish, tanh)',
      'config.json: hidden_dropout_prob: has the value 1.5 (expected at most 1)',
    ]);
  });

  it('refuses heads that do not divide, and what is no object', () => {
    expect(messageOf({ ...miniLM, num_attention_heads: 7 })).toBe(
      'config.json: num_attention_heads: hidden_size 384 does not split into 7 attention heads (expected a divisor of hidden_size)',
    );
    expect(messageOf([1])).toBe('config.json: config: the file holds [1] (expected a JSON object)');
  });

  const golden = sharedFile('goldens/cases/model-bert-cls3/config.json');
  it.skipIf(!existsSync(golden))('reads the config of a reference case (skipped without the shared goldens)', () => {
    expect(parseBertConfig(JSON.parse(readFileSync(golden, 'utf8'))).layers).toBeGreaterThan(0);
  });
});
