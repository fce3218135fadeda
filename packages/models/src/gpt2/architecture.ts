import { defineArchitecture } from '../architecture/defineArchitecture.js';
import { LastTokenClassifier } from '../transformer/lastTokenClassification.js';
import { Gpt2Backbone } from './backbone.js';
import { Gpt2LMHeadModel } from './causalLm.js';
import { parseGpt2Config, withGpt2Dropout, type Gpt2Config } from './config.js';

const classifier = 'GPT2ForSequenceClassification';

/** GPT-2 (Radford et al. 2019). */
export const gpt2 = defineArchitecture<Gpt2Config>({
  modelType: 'gpt2',
  basePrefix: 'transformer.',
  classes: { 'causal-lm': 'GPT2LMHeadModel', classification: classifier, regression: classifier },
  mayBeFresh: (name) => /^(score|lm_head)\./.test(name),
  aliases: (name, { tieWordEmbeddings }) =>
    tieWordEmbeddings && name === 'transformer.wte.weight' ? ['lm_head.weight'] : [],
  parse: parseGpt2Config,
  withDropout: withGpt2Dropout,
  limits: ({ maxPositions, vocabularySize }) => ({ maxPositions, vocabularySize }),
  initializerRange: (config) => config.initializerRange,
  create: (config, head, source) =>
    head.kind === 'causal-lm'
      ? new Gpt2LMHeadModel(config, source)
      : new LastTokenClassifier(
          {
            config,
            family: 'gpt2',
            architecture: classifier,
            head,
            backboneName: 'transformer',
            makeBackbone: (each, from) => new Gpt2Backbone(each, from),
            padTokenId: config.padTokenId,
          },
          source,
        ),
});
