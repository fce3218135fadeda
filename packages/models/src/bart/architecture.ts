import { defineArchitecture } from '../architecture/defineArchitecture.js';
import { BartForConditionalGeneration } from './conditionalGeneration.js';
import { parseBartConfig, withBartDropout, type BartConfig } from './config.js';
import { BartForSequenceClassification } from './sequenceClassification.js';

const classifier = 'BartForSequenceClassification';

/** BART (Lewis et al. 2020). */
export const bart = defineArchitecture<BartConfig>({
  modelType: 'bart',
  basePrefix: 'model.',
  classes: { classification: classifier, regression: classifier, 'seq2seq-lm': 'BartForConditionalGeneration' },
  mayBeFresh: (name) => name === 'final_logits_bias' || name.startsWith('classification_head.'),
  aliases: (name) =>
    name === 'model.shared.weight'
      ? ['model.encoder.embed_tokens.weight', 'model.decoder.embed_tokens.weight', 'lm_head.weight']
      : [],
  parse: parseBartConfig,
  withDropout: withBartDropout,
  limits: ({ maxPositions, vocabularySize }) => ({ maxPositions, vocabularySize }),
  initializerRange: (config) => config.initializerRange,
  create: (config, head, source) =>
    head.kind === 'seq2seq-lm'
      ? new BartForConditionalGeneration(config, source)
      : new BartForSequenceClassification(config, head, source),
});
