import { defineArchitecture } from '../architecture/defineArchitecture.js';
import { decoderDefinition } from '../transformer/decoder.js';
import { parseOptConfig, withOptDropout, type OptConfig } from './config.js';
import { OptBackbone } from './decoder.js';

/** OPT (Zhang et al. 2022). */
export const opt = defineArchitecture<OptConfig>({
  ...decoderDefinition<OptConfig>({
    modelType: 'opt',
    languageModel: 'OPTForCausalLM',
    classifier: 'OPTForSequenceClassification',
    backboneName: 'model',
    embeddingName: 'decoder.embed_tokens',
    makeBackbone: (config, source) => new OptBackbone(config, source),
  }),
  parse: parseOptConfig,
  withDropout: withOptDropout,
});
