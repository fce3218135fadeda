import { ConfigurationError } from '@leantune/core';
import { describe, expect, it } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import { modelFromCheckpoint, randomModel } from '../architecture/buildModel.js';
import { readModelConfig } from '../architecture/registry.js';
import { openSafetensors } from '../safetensors/reader.js';
import { memorySource } from '../safetensors/source.js';
import { encodeSafetensors } from '../safetensors/writer.js';
import { itHasTheTensorsOf, recordingSource } from '../testing/checkpointTensors.js';
import type { HeadOptions } from '../transformer/head.js';
import { parseDistilBertConfig } from './config.js';

const json = {
  model_type: 'distilbert',
  vocab_size: 20,
  dim: 8,
  n_layers: 1,
  n_heads: 2,
  hidden_dim: 12,
  max_position_embeddings: 6,
};
const config = readModelConfig(json);
const classification: HeadOptions = { kind: 'classification', numberOfLabels: 3 };
const table = 'distilbert.embeddings.position_embeddings.weight';

describe('parseDistilBertConfig', () => {
  // Defaults of transformers.DistilBertConfig.
  it('takes the defaults of transformers', () => {
    expect(parseDistilBertConfig(json)).toEqual({
      vocabularySize: 20,
      hiddenSize: 8,
      layers: 1,
      attentionHeads: 2,
      intermediateSize: 12,
      hiddenActivation: 'gelu',
      hiddenDropout: 0.1,
      attentionDropout: 0.1,
      classifierDropout: 0.2,
      spanDropout: 0.1,
      positionRows: 6,
      sinusoidalPositions: false,
      initializerRange: 0.02,
      padTokenId: 0,
    });
  });

  it('names every wrong key at once', () => {
    const parse = () => parseDistilBertConfig({ ...json, dim: '8', activation: 'mish', qa_dropout: -1 }, 'config.json');
    expect(parse).toThrow(ConfigurationError);
    expect(parse).toThrow(
      [
        'config.json: dim: has the value "8" (expected a number)',
        'config.json: activation: has the value "mish" (expected one of gelu, gelu_new, gelu_pytorch_tanh, relu, silu, swish, tanh)',
        'config.json: qa_dropout: has the value -1 (expected at least 0)',
      ].join('\n'),
    );
    expect(() => parseDistilBertConfig({ ...json, n_heads: 3 })).toThrow('does not split into 3 attention heads');
  });
});

await describeOnBackends('DistilBERT', () => {
  itHasTheTensorsOf(/^model-distilbert-/, (shapeOf) => ({
    kind: 'classification',
    numberOfLabels: shapeOf('classifier.bias')[0]!,
  }));

  it('starts as transformers does: normal weights, zero biases, gains of one', () => {
    const found = new Map<string, string>();
    config.create(classification, recordingSource(found)).release();
    for (const [name, start] of found) {
      const gain = /(LayerNorm|layer_norm)\.weight$/.test(name);
      expect(start.split(' ')[1], name).toBe(name.endsWith('bias') ? 'zeros' : gain ? 'ones' : 'normal');
    }
    expect(found.get('pre_classifier.weight')).toBe('[8,8] normal');
    expect(found.size).toBe(4 + 16 + 4);
  });

  it('lists its sites in forward order', () => {
    const model = randomModel(config, classification, 0);
    const layer = 'distilbert.transformer.layer.0';
    expect(model.sites.map(({ address, path }) => [address.name, path])).toEqual([
      ['embeddings.token', 'distilbert.embeddings.word_embeddings'],
      ['embeddings.position', 'distilbert.embeddings.position_embeddings'],
      ['embeddings.norm', 'distilbert.embeddings.LayerNorm'],
      ['attention.query', `${layer}.attention.q_lin`],
      ['attention.key', `${layer}.attention.k_lin`],
      ['attention.value', `${layer}.attention.v_lin`],
      ['attention.output', `${layer}.attention.out_lin`],
      ['attention.norm', `${layer}.sa_layer_norm`],
      ['ffn.up', `${layer}.ffn.lin1`],
      ['ffn.down', `${layer}.ffn.lin2`],
      ['ffn.norm', `${layer}.output_layer_norm`],
      ['pooler', 'pre_classifier'],
      ['head', 'classifier'],
    ]);
    // As PEFT, whose `classifier` also matches `pre_classifier`.
    expect(model.headNames).toEqual(['pre_classifier', 'classifier']);
    model.release();
  });

  it('starts sinusoidal positions as sines and cosines, and takes those of a checkpoint', async () => {
    const sinusoidal = readModelConfig({ ...json, sinusoidal_pos_embds: true });
    const fresh = randomModel(sinusoidal, classification, 0);
    const parameters = [...fresh.namedParameters()];
    const values = (name: string) => Float32Array.from(parameters.find(([each]) => each === name)![1].read());
    // Vaswani et al. 2017, section 3.5, with 8 features: wavelengths of 2π · (1, 10, 100, 1000).
    const expected = [0, 1, 2, 3, 4, 5].flatMap((position) =>
      [1, 10, 100, 1000].flatMap((scale) => [Math.sin(position / scale), Math.cos(position / scale)]),
    );
    values(table).forEach((value, index) => expect(value).toBeCloseTo(expected[index]!, 6));

    const trained = Float32Array.from({ length: 48 }, (_, index) => index / 7);
    const tensors = Object.fromEntries(
      parameters.map(([name, { shape }]) => [
        name,
        { dtype: 'float32' as const, shape, data: name === table ? trained : values(name) },
      ]),
    );
    fresh.release();
    const checkpoint = await openSafetensors(memorySource(encodeSafetensors(tensors), 'checkpoint'));
    const { model } = await modelFromCheckpoint(sinusoidal, classification, checkpoint, 'checkpoint', 0);
    await checkpoint.close();
    const loaded = [...model.namedParameters()].find(([name]) => name === table)![1];
    expect(Float32Array.from(loaded.read())).toEqual(trained);
    model.release();
  });
});
