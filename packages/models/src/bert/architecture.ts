import { defineArchitecture } from '../architecture/defineArchitecture.js';
import { parseBertConfig, withBertDropout } from './config.js';
import { BertForQuestionAnswering } from './questionAnswering.js';
import { BertForSequenceClassification } from './sequenceClassification.js';

/** BERT (Devlin et al. 2019). */
export const bert = defineArchitecture({
  modelType: 'bert',
  basePrefix: 'bert.',
  classes: {
    classification: 'BertForSequenceClassification',
    regression: 'BertForSequenceClassification',
    'multiple-choice': 'BertForMultipleChoice',
    'question-answering': 'BertForQuestionAnswering',
  },
  mayBeFresh: (name) => /^(classifier|qa_outputs|bert\.pooler)\./.test(name),
  parse: (json, file) => parseBertConfig(json, file),
  withDropout: withBertDropout,
  limits: ({ positionRows, vocabularySize }) => ({ maxPositions: positionRows, vocabularySize }),
  initializerRange: (config) => config.initializerRange,
  create: (config, head, source) =>
    head.kind === 'question-answering'
      ? new BertForQuestionAnswering(config, source)
      : new BertForSequenceClassification(config, head, source),
});
