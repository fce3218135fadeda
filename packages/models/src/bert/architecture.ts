import { defineArchitecture } from '../architecture/defineArchitecture.js';
import { SequenceModel } from '../encoder/sequenceModel.js';
import { SpanModel } from '../encoder/spanModel.js';
import { ascendingPositions } from '../transformer/positions.js';
import { parseBertConfig, withBertDropout } from './config.js';
import { bertEncoder } from './encoder.js';

const classes = {
  classification: 'BertForSequenceClassification',
  regression: 'BertForSequenceClassification',
  'multiple-choice': 'BertForMultipleChoice',
  'question-answering': 'BertForQuestionAnswering',
} as const;

/** BERT (Devlin et al. 2019). */
export const bert = defineArchitecture({
  modelType: 'bert',
  basePrefix: 'bert.',
  classes,
  mayBeFresh: (name) => /^(classifier|qa_outputs|bert\.pooler)\./.test(name),
  parse: (json, file) => parseBertConfig(json, file),
  withDropout: withBertDropout,
  limits: ({ positionRows, vocabularySize }) => ({ maxPositions: positionRows, vocabularySize }),
  initializerRange: (config) => config.initializerRange,
  create: (config, head, source) => {
    const encoder = bertEncoder(config, { family: 'bert', positions: ascendingPositions });
    const architecture = classes[head.kind as keyof typeof classes];
    if (head.kind === 'question-answering') return new SpanModel(encoder, { architecture }, source);
    const layers = {
      dense: { name: 'bert.pooler.dense', activation: 'tanh' },
      dropout: { name: 'dropout', rate: config.classifierDropout },
      outputName: 'classifier',
    } as const;
    return new SequenceModel(encoder, { architecture, head, headNames: ['classifier'], layers }, source);
  },
});
