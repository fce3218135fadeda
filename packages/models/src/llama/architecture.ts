import type { Architecture } from '../architecture/architecture.js';
import { defineArchitecture } from '../architecture/defineArchitecture.js';
import { LlamaForCausalLM } from './causalLm.js';
import { parseLlamaConfig, type LlamaConfig, type LlamaFamily } from './config.js';

function llamaLike(modelType: string, className: string, family: LlamaFamily): Architecture {
  return defineArchitecture<LlamaConfig>({
    modelType,
    basePrefix: 'model.',
    classes: { 'causal-lm': className },
    mayBeFresh: (name) => name.startsWith('lm_head.'),
    aliases: (name, { tieWordEmbeddings }) =>
      tieWordEmbeddings && name === 'model.embed_tokens.weight' ? ['lm_head.weight'] : [],
    parse: (json, file) => parseLlamaConfig(json, file, family),
    limits: ({ maxPositions, vocabularySize }) => ({ maxPositions, vocabularySize }),
    withDropout: (config, rate) => ({ ...config, attentionDropout: rate }),
    initializerRange: (config) => config.initializerRange,
    create: (config, _head, source) => new LlamaForCausalLM(modelType, className, config, source),
  });
}

/** Llama 1, 2 and 3 (Touvron et al. 2023; Llama Team 2024). */
export const llama = llamaLike('llama', 'LlamaForCausalLM', { queryKeyValueBias: false });

/** Qwen2 (Qwen Team 2024): Llama with biases of the query, key and value projections. */
export const qwen2 = llamaLike('qwen2', 'Qwen2ForCausalLM', { queryKeyValueBias: true });
