import type { Architecture } from '../architecture/architecture.js';
import { defineArchitecture } from '../architecture/defineArchitecture.js';
import { decoderDefinition } from '../transformer/decoder.js';
import { LlamaBackbone } from './backbone.js';
import { parseLlamaConfig, type LlamaConfig, type LlamaFamily } from './config.js';

function llamaLike(modelType: string, prefix: string, family: LlamaFamily): Architecture {
  return defineArchitecture<LlamaConfig>({
    ...decoderDefinition<LlamaConfig>({
      modelType,
      languageModel: `${prefix}ForCausalLM`,
      classifier: `${prefix}ForSequenceClassification`,
      backboneName: 'model',
      embeddingName: 'embed_tokens',
      makeBackbone: (config, source) => new LlamaBackbone(config, source),
    }),
    parse: (json, file) => parseLlamaConfig(json, file, family),
    withDropout: (config, rate) => ({ ...config, attentionDropout: rate }),
  });
}

/** Llama 1, 2 and 3 (Touvron et al. 2023; Llama Team 2024). */
export const llama = llamaLike('llama', 'Llama', { queryKeyValueBias: false });

/** Qwen2 (Qwen Team 2024): Llama with biases of the query, key and value projections. */
export const qwen2 = llamaLike('qwen2', 'Qwen2', { queryKeyValueBias: true });
