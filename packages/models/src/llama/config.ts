import { ConfigurationError } from '@leantune/core';
import { z } from 'zod';
import {
  assertHeadsDivide,
  parseConfig,
  positive,
  probability,
  size,
  tokenId,
  layerCount,
  assertPadToken,
} from '../config/parseConfig.js';
import { configKeyInvalid } from '../messages.js';
import { activationName, type ActivationName } from '../transformer/activation.js';
import { ropeScaling, type RopeScaling } from './rope.js';

/** `config.json` of Llama and Qwen2 as Hugging Face writes it; defaults are those of `transformers.LlamaConfig`. */
const llamaConfigFile = z.looseObject({
  vocab_size: size,
  hidden_size: size,
  num_hidden_layers: layerCount,
  num_attention_heads: size,
  num_key_value_heads: size.nullish(),
  head_dim: size.multipleOf(2).nullish(),
  intermediate_size: size,
  hidden_act: activationName.default('silu'),
  max_position_embeddings: size.default(2048),
  initializer_range: positive.default(0.02),
  rms_norm_eps: positive.default(1e-6),
  rope_theta: positive.default(10_000),
  rope_scaling: ropeScaling,
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  attention_dropout: probability.default(0),
  pad_token_id: tokenId.nullish(),
  tie_word_embeddings: z.boolean().optional(),
  use_sliding_window: z.literal(false).optional(),
  partial_rotary_factor: z.literal(1).optional(),
});

/** Shape and hyper-parameters of a Llama decoder. */
export interface LlamaConfig {
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly attentionHeads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly intermediateSize: number;
  readonly hiddenActivation: ActivationName;
  readonly maxPositions: number;
  readonly initializerRange: number;
  readonly rmsNormEpsilon: number;
  readonly ropeTheta: number;
  readonly ropeScaling: RopeScaling;
  readonly queryKeyValueBias: boolean;
  readonly attentionOutputBias: boolean;
  readonly feedForwardBias: boolean;
  readonly attentionDropout: number;
  readonly padTokenId: number | undefined;
  readonly tieWordEmbeddings: boolean;
}

/** What differs between families that share the layout. */
export interface LlamaFamily {
  /** Whether the query, key and value projections alone have biases (Qwen2). */
  readonly queryKeyValueBias: boolean;
}

/**
 * Reads the content of a Llama or Qwen2 `config.json`.
 * @throws ConfigurationError naming every key that is missing or wrong.
 */
export function parseLlamaConfig(json: unknown, file: string | undefined, family: LlamaFamily): LlamaConfig {
  const found = parseConfig(llamaConfigFile, withRopeScaling(json), file);
  const heads = found.num_attention_heads;
  const keyValueHeads = found.num_key_value_heads ?? heads;
  if ((found.head_dim ?? undefined) === undefined)
    assertHeadsDivide(found.hidden_size, heads, 'num_attention_heads', file);
  assertKeyValueHeadsDivide(heads, keyValueHeads, file);
  assertPadToken(found.pad_token_id ?? undefined, found.vocab_size, file);
  return {
    vocabularySize: found.vocab_size,
    hiddenSize: found.hidden_size,
    layers: found.num_hidden_layers,
    attentionHeads: heads,
    keyValueHeads,
    headSize: found.head_dim ?? found.hidden_size / heads,
    intermediateSize: found.intermediate_size,
    hiddenActivation: found.hidden_act,
    maxPositions: found.max_position_embeddings,
    initializerRange: found.initializer_range,
    rmsNormEpsilon: found.rms_norm_eps,
    ropeTheta: found.rope_theta,
    ropeScaling: found.rope_scaling,
    queryKeyValueBias: found.attention_bias || family.queryKeyValueBias,
    attentionOutputBias: found.attention_bias,
    feedForwardBias: found.mlp_bias,
    attentionDropout: found.attention_dropout,
    padTokenId: found.pad_token_id ?? undefined,
    tieWordEmbeddings: found.tie_word_embeddings ?? false,
  };
}

/**
 * Older files call the type of the scaling `type`; newer ones (transformers 5) hold type, factors and theta together as
 * `rope_parameters`.
 */
function withRopeScaling(json: unknown): unknown {
  if (typeof json !== 'object' || json === null) return json;
  const { rope_parameters: parameters, rope_scaling: scaling, ...rest } = json as Record<string, unknown>;
  const found = parameters ?? scaling;
  if (typeof found !== 'object' || found === null) return { ...rest, rope_scaling: found };
  const { type, rope_theta: theta, ...kept } = found as Record<string, unknown>;
  return {
    ...rest,
    ...(theta === undefined ? {} : { rope_theta: theta }),
    rope_scaling: { ...(type === undefined ? {} : { rope_type: type }), ...kept },
  };
}

/** @throws ConfigurationError where the query heads are no multiple of the key and value heads */
function assertKeyValueHeadsDivide(heads: number, keyValueHeads: number, file: string | undefined): void {
  if (heads % keyValueHeads === 0) return;
  throw new ConfigurationError([
    {
      ...(file === undefined ? {} : { file }),
      key: 'num_key_value_heads',
      message: configKeyInvalid(keyValueHeads),
      expected: `a divisor of num_attention_heads ${heads}`,
    },
  ]);
}
