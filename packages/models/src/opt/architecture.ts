import { defineArchitecture } from '../architecture/defineArchitecture.js';
import { LastTokenClassifier } from '../transformer/lastTokenClassification.js';
import { OptForCausalLM } from './causalLm.js';
import { parseOptConfig, withOptDropout, type OptConfig } from './config.js';
import { OptBackbone } from './decoder.js';

const classifier = 'OPTForSequenceClassification';

/** OPT (Zhang et al. 2022). */
export const opt = defineArchitecture<OptConfig>({
  modelType: 'opt',
  basePrefix: 'model.',
  classes: { 'causal-lm': 'OPTForCausalLM', classification: classifier, regression: classifier },
  mayBeFresh: (name) => /^(score|lm_head)\./.test(name),
  aliases: (name, { tieWordEmbeddings }) =>
    tieWordEmbeddings && name === 'model.decoder.embed_tokens.weight' ? ['lm_head.weight'] : [],
  parse: parseOptConfig,
  withDropout: withOptDropout,
  limits: ({ maxPositions, vocabularySize }) => ({ maxPositions, vocabularySize }),
  initializerRange: (config) => config.initializerRange,
  create: (config, head, source) =>
    head.kind === 'causal-lm'
      ? new OptForCausalLM(config, source)
      : new LastTokenClassifier(
          {
            config,
            family: 'opt',
            architecture: classifier,
            head,
            backboneName: 'model',
            makeBackbone: (each, from) => new OptBackbone(each, from),
            features: config.embeddingSize,
            padTokenId: config.padTokenId,
          },
          source,
        ),
});
