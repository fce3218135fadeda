import { ConfigurationError } from '@leantune/core';
import { z } from 'zod';
import { assertHeadsDivide, parseConfig, positive, probability, size, layerCount } from '../config/parseConfig.js';
import { patchesDoNotFit } from '../messages.js';
import { activationName, type ActivationName } from '../transformer/activation.js';

/** Pixels of both sides, or height and width. */
const sides = z.union([size, z.tuple([size, size])], { error: 'a number of pixels, or [height, width]' });

/** `config.json` of ViT as Hugging Face writes it; defaults are those of `transformers.ViTConfig`. */
const vitConfigFile = z.looseObject({
  hidden_size: size,
  num_hidden_layers: layerCount,
  num_attention_heads: size,
  intermediate_size: size,
  hidden_act: activationName.default('gelu'),
  hidden_dropout_prob: probability.default(0),
  attention_probs_dropout_prob: probability.default(0),
  initializer_range: positive.default(0.02),
  layer_norm_eps: positive.default(1e-12),
  image_size: sides.default(224),
  patch_size: sides.default(16),
  num_channels: size.default(3),
  qkv_bias: z.boolean().default(true),
});

/** Height and width in pixels. */
interface PixelSize {
  readonly height: number;
  readonly width: number;
}

/** Shape and hyper-parameters of a vision transformer. */
export interface VitConfig {
  readonly hiddenSize: number;
  readonly layers: number;
  readonly attentionHeads: number;
  readonly intermediateSize: number;
  readonly hiddenActivation: ActivationName;
  readonly hiddenDropout: number;
  readonly attentionDropout: number;
  readonly initializerRange: number;
  readonly layerNormEpsilon: number;
  readonly image: PixelSize;
  readonly patch: PixelSize;
  readonly channels: number;
  /** Biases of the query, key and value projections. */
  readonly queryKeyValueBias: boolean;
}

/**
 * Reads the content of a `config.json` of ViT.
 * @throws ConfigurationError naming every key that is missing or wrong.
 */
export function parseVitConfig(json: unknown, file?: string): VitConfig {
  const found = parseConfig(vitConfigFile, json, file);
  assertHeadsDivide(found.hidden_size, found.num_attention_heads, 'num_attention_heads', file);
  const config = {
    hiddenSize: found.hidden_size,
    layers: found.num_hidden_layers,
    attentionHeads: found.num_attention_heads,
    intermediateSize: found.intermediate_size,
    hiddenActivation: found.hidden_act,
    hiddenDropout: found.hidden_dropout_prob,
    attentionDropout: found.attention_probs_dropout_prob,
    initializerRange: found.initializer_range,
    layerNormEpsilon: found.layer_norm_eps,
    image: pixelSize(found.image_size),
    patch: pixelSize(found.patch_size),
    channels: found.num_channels,
    queryKeyValueBias: found.qkv_bias,
  };
  if (patchCount(config) > 0) return config;
  throw new ConfigurationError([
    {
      ...(file === undefined ? {} : { file }),
      key: 'patch_size',
      message: patchesDoNotFit(config.patch, config.image),
      expected: 'at most image_size',
    },
  ]);
}

function pixelSize(found: z.output<typeof sides>): PixelSize {
  const [height, width] = typeof found === 'number' ? [found, found] : found;
  return { height, width };
}

/** Whole patches from top to bottom and from left to right; pixels beyond the last one are not seen. */
export function patchGrid({ image, patch }: Pick<VitConfig, 'image' | 'patch'>): {
  readonly rows: number;
  readonly columns: number;
} {
  return { rows: Math.floor(image.height / patch.height), columns: Math.floor(image.width / patch.width) };
}

export function patchCount(config: Pick<VitConfig, 'image' | 'patch'>): number {
  const { rows, columns } = patchGrid(config);
  return rows * columns;
}
