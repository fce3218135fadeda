import { defineArchitecture } from '../architecture/defineArchitecture.js';
import { SequenceModel } from '../encoder/sequenceModel.js';
import { SpanModel } from '../encoder/spanModel.js';
import { parseDistilBertConfig, type DistilBertConfig } from './config.js';
import { distilBertEncoder } from './encoder.js';

const classes = {
  classification: 'DistilBertForSequenceClassification',
  regression: 'DistilBertForSequenceClassification',
  'multiple-choice': 'DistilBertForMultipleChoice',
  'question-answering': 'DistilBertForQuestionAnswering',
} as const;

/** DistilBERT (Sanh et al. 2019). */
export const distilbert = defineArchitecture<DistilBertConfig>({
  modelType: 'distilbert',
  basePrefix: 'distilbert.',
  classes,
  mayBeFresh: (name) => /^(pre_classifier|classifier|qa_outputs)\./.test(name),
  parse: parseDistilBertConfig,
  withDropout: (config, rate) => ({
    ...config,
    hiddenDropout: rate,
    attentionDropout: rate,
    classifierDropout: rate,
    spanDropout: rate,
  }),
  limits: ({ positionRows, vocabularySize }) => ({ maxPositions: positionRows, vocabularySize }),
  initializerRange: (config) => config.initializerRange,
  create: (config, head, source) => {
    const encoder = distilBertEncoder(config);
    const architecture = classes[head.kind as keyof typeof classes];
    if (head.kind === 'question-answering') {
      return new SpanModel(encoder, { architecture, dropout: config.spanDropout }, source);
    }
    const layers = {
      dense: { name: 'pre_classifier', activation: 'relu' },
      dropout: { name: 'dropout', rate: config.classifierDropout },
      outputName: 'classifier',
    } as const;
    const headNames = ['pre_classifier', 'classifier'];
    return new SequenceModel(encoder, { architecture, head, headNames, layers }, source);
  },
});
