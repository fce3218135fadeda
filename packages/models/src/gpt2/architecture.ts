import { defineArchitecture } from '../architecture/defineArchitecture.js';
import { decoderDefinition } from '../transformer/decoder.js';
import { Gpt2Backbone } from './backbone.js';
import { parseGpt2Config, withGpt2Dropout, type Gpt2Config } from './config.js';

/** GPT-2 (Radford et al. 2019). */
export const gpt2 = defineArchitecture<Gpt2Config>({
  ...decoderDefinition<Gpt2Config>({
    modelType: 'gpt2',
    languageModel: 'GPT2LMHeadModel',
    classifier: 'GPT2ForSequenceClassification',
    backboneName: 'transformer',
    embeddingName: 'wte',
    makeBackbone: (config, source) => new Gpt2Backbone(config, source),
  }),
  parse: parseGpt2Config,
  withDropout: withGpt2Dropout,
});
