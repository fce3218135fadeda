import { defineArchitecture } from '../architecture/defineArchitecture.js';
import { parseVitConfig, patchCount, type VitConfig } from './config.js';
import { VitForImageClassification } from './model.js';

const className = 'ViTForImageClassification';

/** Vision transformer (Dosovitskiy et al. 2021). */
export const vit = defineArchitecture<VitConfig>({
  modelType: 'vit',
  basePrefix: 'vit.',
  classes: { classification: className, regression: className },
  mayBeFresh: (name) => name.startsWith('classifier.'),
  parse: parseVitConfig,
  withDropout: (config, rate) => ({ ...config, hiddenDropout: rate, attentionDropout: rate }),
  limits: (config) => ({ maxPositions: patchCount(config) + 1, vocabularySize: undefined, image: config.image }),
  initializerRange: (config) => config.initializerRange,
  create: (config, head, source) => new VitForImageClassification(config, className, head, source),
});
