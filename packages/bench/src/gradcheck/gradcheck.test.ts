import { precisions } from '@leantune/core';
import { randomModel, readModelConfig, type HeadOptions } from '@leantune/models';
import { describe, expect, it } from 'vitest';
import { describeOnFirstBackend } from '../../../core/src/testing/backends.js';
import { randomInput } from './batch.js';
import { checkGradients, type GradientCheck } from './checkGradients.js';
import { isNoise } from './gradcheckTable.js';

interface Shape {
  readonly layers: number;
  readonly hidden?: number;
  readonly dropout?: number;
  readonly json?: Readonly<Record<string, unknown>>;
  readonly head?: HeadOptions;
}

/** A random BERT, post-LayerNorm as the measurements of the papers' notes are, unless another configuration is given. */
function check(method: string, { layers, hidden = 64, dropout = 0.1, json, head }: Shape): GradientCheck {
  const config = json ?? {
    model_type: 'bert',
    vocab_size: 97,
    hidden_size: hidden,
    num_hidden_layers: layers,
    num_attention_heads: 4,
    intermediate_size: 4 * hidden,
    max_position_embeddings: 32,
    pad_token_id: 0,
  };
  const kind: HeadOptions = head ?? { kind: 'classification', numberOfLabels: 2 };
  const make = () => randomModel(readModelConfig(config, { dropout }), kind, 1);
  const first = make();
  const batch = randomInput(first, config, 4, json?.model_type === 'vit' ? 5 : 12, 1);
  first.release();
  return checkGradients(make, method, batch, { seed: 2, precision: precisions.fp32 });
}

await describeOnFirstBackend('gradient checks', () => {
  it.each([
    ['meft1', 12],
    ['meft2', 12],
    ['meft3', 12],
    ['meft1', 24],
    ['meft2', 24],
    ['meft3', 24],
  ])(
    '%s(gradient=exact) recovers %i inputs to the bit and has the ordinary gradient, with dropout',
    (method, layers) => {
      const found = check(`${method}(gradient=exact,width=4)`, { layers });
      expect(found.layers).toHaveLength(layers);
      for (const { layer, reconstructionError, cosine, normRatio } of found.layers) {
        expect(reconstructionError, layer).toBe(0);
        expect(cosine, layer).toBeGreaterThan(0.99999);
        expect(Math.abs(normRatio - 1), layer).toBeLessThan(1e-3);
      }
      expect(found.warnings).toEqual([]);
    },
  );

  // Measured with PyTorch on random 12-layer post-LayerNorm BERTs: at the published factors the top 6 or 7 layers are right
  // with MEFT1 and MEFT2, 4 with MEFT3; with larger factors, or fewer reversible layers, all are.
  it.each([
    ['meft1', 4, 8],
    ['meft2', 4, 8],
    ['meft3', 6, 9],
  ])('%s with the published factors trains its lower layers on noise', (method, atLeast, atMost) => {
    const { layers, warnings } = check(`${method}(width=8)`, { layers: 12, dropout: 0 });
    const noisy = layers.filter(isNoise).length;
    expect(noisy).toBeGreaterThanOrEqual(atLeast);
    expect(noisy).toBeLessThanOrEqual(atMost);
    // The lowest ones.
    expect(layers.slice(noisy).some(isNoise)).toBe(false);
    expect(layers[0]!.reconstructionError).toBeGreaterThan(10);
    expect(warnings).toEqual([expect.stringContaining('gradients of the lower layers are noise')]);
  });

  it.each(['meft1(lambda=0.5)', 'meft1(reversibleLayers=6)', 'meft2(beta=0.5)'])('%s is sound', (method) => {
    const { layers, warnings } = check(method, { layers: 12, dropout: 0 });
    expect(layers.filter(isNoise)).toEqual([]);
    expect(warnings).toEqual([]);
  });
});

const sizes = {
  vocab_size: 61,
  hidden_size: 32,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  intermediate_size: 48,
  max_position_embeddings: 20,
};
const causal: HeadOptions = { kind: 'causal-lm' };

await describeOnFirstBackend('on other architectures', () => {
  describe.each<[string, Readonly<Record<string, unknown>>, HeadOptions | undefined]>([
    ['RoBERTa', { model_type: 'roberta', ...sizes, pad_token_id: 1 }, undefined],
    ['OPT', { model_type: 'opt', ...sizes, ffn_dim: 48, pad_token_id: 1, bos_token_id: 2, eos_token_id: 2 }, causal],
    ['Llama', { model_type: 'llama', ...sizes, num_key_value_heads: 2 }, causal],
    ['ViT', { model_type: 'vit', ...sizes, image_size: 8, patch_size: 4, num_channels: 3 }, undefined],
    [
      'BART',
      {
        model_type: 'bart',
        ...{ vocab_size: 61, d_model: 32, encoder_layers: 3, decoder_layers: 2, max_position_embeddings: 20 },
        ...{ encoder_attention_heads: 4, decoder_attention_heads: 4, encoder_ffn_dim: 48, decoder_ffn_dim: 48 },
        ...{ pad_token_id: 1, bos_token_id: 0, eos_token_id: 2 },
      },
      undefined,
    ],
  ])('%s', (_name, json, head) => {
    it.each(['meft1', 'meft2', 'meft3'])('%s has the ordinary gradient, reversible and exact', (method) => {
      for (const options of ['lambda=0.5,beta=0.5', 'gradient=exact', 'adapter=lora,lambda=0.5,beta=0.5']) {
        const found = check(`${method}(${options})`, { layers: 3, json, ...(head && { head }) });
        expect(found.layers.length).toBe(json.model_type === 'bart' ? 5 : 3);
        for (const { layer, reconstructionError, cosine, normRatio } of found.layers) {
          if (options === 'gradient=exact') expect(reconstructionError, layer).toBe(0);
          else expect(reconstructionError, layer).toBeLessThan(1e-3);
          expect(cosine, `${layer} ${options}`).toBeGreaterThan(0.99999);
          expect(Math.abs(normRatio - 1), layer).toBeLessThan(1e-3);
        }
      }
    });
  });
});
