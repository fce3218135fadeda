import { ConfigurationError, type Batch } from '@leantune/core';
import { describe, expect, it } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import { randomModel } from '../architecture/buildModel.js';
import { readModelConfig } from '../architecture/registry.js';
import { itHasTheTensorsOf, recordingSource } from '../testing/checkpointTensors.js';
import { randomImageBatch } from '../testing/randomBatch.js';
import type { HeadOptions } from '../transformer/head.js';
import { parseVitConfig } from './config.js';
import { cutPatches } from './patches.js';

const json = {
  model_type: 'vit',
  hidden_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 12,
  image_size: 6,
  patch_size: [2, 3],
};
const config = readModelConfig(json);
const classification: HeadOptions = { kind: 'classification', numberOfLabels: 3 };

describe('parseVitConfig', () => {
  it('reads one number for both sides, or height and width', () => {
    // Defaults of transformers.ViTConfig.
    const { image_size: _image, patch_size: _patch, ...without } = json;
    expect(parseVitConfig(without)).toMatchObject({
      image: { height: 224, width: 224 },
      patch: { height: 16, width: 16 },
      channels: 3,
      queryKeyValueBias: true,
      hiddenDropout: 0,
      layerNormEpsilon: 1e-12,
    });
    expect(parseVitConfig(json).patch).toEqual({ height: 2, width: 3 });
    // Patches and the class token: 14 · 14 + 1 of ViT-B/16.
    expect(readModelConfig(without).maxPositions).toBe(197);
    expect(config.maxPositions).toBe(3 * 2 + 1);
    expect(config.vocabularySize).toBeUndefined();
  });

  it.each([
    [
      { patch_size: 7 },
      'patch_size: patches of 7 × 7 pixels do not fit into images of 6 × 6 (expected at most image_size)',
    ],
    [{ image_size: [6] }, 'image_size: has the value [6] (expected a number of pixels, or [height, width])'],
    [{ qkv_bias: 1 }, 'qkv_bias: has the value 1 (expected a boolean)'],
    [
      { num_attention_heads: 3 },
      'num_attention_heads: hidden_size 8 does not split into 3 attention heads (expected a divisor of hidden_size)',
    ],
  ])('refuses %j', (changed, message) => {
    const parse = () => parseVitConfig({ ...json, ...changed }, 'config.json');
    expect(parse).toThrow(ConfigurationError);
    expect(parse).toThrow(`config.json: ${message}`);
  });
});

describe('cutPatches', () => {
  it('lists patches row by row, and in each channels, lines and pixels', () => {
    // One image of 2 channels, 3 × 5 pixels, whose values are 100 · channel + 10 · line + column.
    const pixels = [0, 1].flatMap((c) => [0, 1, 2].flatMap((y) => [0, 1, 2, 3, 4].map((x) => 100 * c + 10 * y + x)));
    const images = { dtype: 'float32', shape: [1, 2, 3, 5], data: Float32Array.from(pixels) } as const;
    const cut = cutPatches(images, { image: { height: 3, width: 5 }, patch: { height: 2, width: 2 } });
    expect(cut.shape).toEqual([1, 2, 8]);
    expect([...cut.data]).toEqual([0, 1, 10, 11, 100, 101, 110, 111, 2, 3, 12, 13, 102, 103, 112, 113]);
  });
});

await describeOnBackends('ViTForImageClassification', () => {
  itHasTheTensorsOf(/^model-vit-/, (shapeOf) => ({
    kind: 'classification',
    numberOfLabels: shapeOf('classifier.bias')[0]!,
  }));

  it('starts as transformers does: normal weights and tokens, zero biases, gains of one', () => {
    const found = new Map<string, string>();
    config.create(classification, recordingSource(found)).release();
    for (const [name, start] of found) {
      const gain = /layernorm\w*\.weight$/.test(name);
      expect(start.split(' ')[1], name).toBe(name.endsWith('bias') ? 'zeros' : gain ? 'ones' : 'normal');
    }
    expect(found.get('vit.embeddings.cls_token')).toBe('[1,1,8] normal');
    expect(found.get('vit.embeddings.position_embeddings')).toBe('[1,7,8] normal');
    expect(found.get('vit.embeddings.patch_embeddings.projection.weight')).toBe('[8,3,2,3] normal');
    expect(found.size).toBe(4 + 16 + 2 + 2);
  });

  it('lists its sites in forward order', () => {
    const model = randomModel(config, classification, 0);
    const layer = 'vit.encoder.layer.0';
    expect(model.sites.map(({ address, path }) => [address.name, path])).toEqual([
      ['embeddings.patch', 'vit.embeddings.patch_embeddings.projection'],
      ['embeddings.position', 'vit.embeddings'],
      ['attention.norm', `${layer}.layernorm_before`],
      ['attention.query', `${layer}.attention.attention.query`],
      ['attention.key', `${layer}.attention.attention.key`],
      ['attention.value', `${layer}.attention.attention.value`],
      ['attention.output', `${layer}.attention.output.dense`],
      ['ffn.norm', `${layer}.layernorm_after`],
      ['ffn.up', `${layer}.intermediate.dense`],
      ['ffn.down', `${layer}.output.dense`],
      ['finalNorm', 'vit.layernorm'],
      ['head', 'classifier'],
    ]);
    model.release();
  });

  it('refuses images of another size, number of channels or rows, and batches without any', () => {
    const model = randomModel(config, classification, 0);
    const batch = (shape: readonly [number, number, number, number]) => randomImageBatch(1, shape, classification);
    expect(() => model.checkBatch(batch([2, 3, 6, 6]))).not.toThrow();
    const refused = (shape: readonly [number, number, number, number]) =>
      `images of shape [${shape.join(', ')}], expected [${shape[0]}, 3, 6, 6] (batch, channels, height, width); resize them to the model's image_size`;
    for (const shape of [
      [2, 3, 6, 8],
      [2, 1, 6, 6],
      [2, 3, 12, 3],
    ] as const) {
      expect(() => model.checkBatch(batch(shape))).toThrow(refused(shape));
    }
    const { pixelValues: _pixels, ...inputs } = batch([2, 3, 6, 6]).inputs;
    const text: Batch = { ...batch([2, 3, 6, 6]), inputs };
    expect(() => model.checkBatch(text)).toThrow(
      'ViTForImageClassification reads images: the batch has no pixelValues',
    );
    const labelled = {
      ...batch([1, 3, 6, 6]),
      labels: { dtype: 'int32', shape: [1], data: Int32Array.of(3) },
    } as const;
    expect(() => model.checkBatch(labelled)).toThrow("label 3 is outside the head's classes 0 to 2");
    model.release();
  });
});
