import type { Architecture } from '../architecture/architecture.js';
import { defineArchitecture } from '../architecture/defineArchitecture.js';
import { LastTokenClassifier } from '../transformer/lastTokenClassification.js';
import { LlamaBackbone } from './backbone.js';
import { LlamaForCausalLM } from './causalLm.js';
import { parseLlamaConfig, type LlamaConfig, type LlamaFamily } from './config.js';

function llamaLike(modelType: string, prefix: string, family: LlamaFamily): Architecture {
  const languageModel = `${prefix}ForCausalLM`;
  const classifier = `${prefix}ForSequenceClassification`;
  return defineArchitecture<LlamaConfig>({
    modelType,
    basePrefix: 'model.',
    classes: { 'causal-lm': languageModel, classification: classifier, regression: classifier },
    mayBeFresh: (name) => /^(lm_head|score)\./.test(name),
    aliases: (name, { tieWordEmbeddings }) =>
      tieWordEmbeddings && name === 'model.embed_tokens.weight' ? ['lm_head.weight'] : [],
    parse: (json, file) => parseLlamaConfig(json, file, family),
    limits: ({ maxPositions, vocabularySize }) => ({ maxPositions, vocabularySize }),
    withDropout: (config, rate) => ({ ...config, attentionDropout: rate }),
    initializerRange: (config) => config.initializerRange,
    create: (config, head, source) =>
      head.kind === 'causal-lm'
        ? new LlamaForCausalLM(modelType, languageModel, config, source)
        : new LastTokenClassifier(
            {
              config,
              family: modelType,
              architecture: classifier,
              head,
              backboneName: 'model',
              makeBackbone: (each, from) => new LlamaBackbone(each, from),
              padTokenId: config.padTokenId,
            },
            source,
          ),
  });
}

/** Llama 1, 2 and 3 (Touvron et al. 2023; Llama Team 2024). */
export const llama = llamaLike('llama', 'Llama', { queryKeyValueBias: false });

/** Qwen2 (Qwen Team 2024): Llama with biases of the query, key and value projections. */
export const qwen2 = llamaLike('qwen2', 'Qwen2', { queryKeyValueBias: true });
