import { defineArchitecture } from '../architecture/defineArchitecture.js';
import { withBertDropout } from '../bert/config.js';
import { bertEncoder } from '../bert/encoder.js';
import type { SequenceHeadOptions } from '../encoder/sequenceHead.js';
import { SequenceModel } from '../encoder/sequenceModel.js';
import { SpanModel } from '../encoder/spanModel.js';
import type { Encoder } from '../encoder/model.js';
import { countedPositions } from '../transformer/positions.js';
import { maxPositions, parseRobertaConfig, type RobertaConfig } from './config.js';

const classes = {
  classification: 'RobertaForSequenceClassification',
  regression: 'RobertaForSequenceClassification',
  'multiple-choice': 'RobertaForMultipleChoice',
  'question-answering': 'RobertaForQuestionAnswering',
} as const;

/** RoBERTa (Liu et al. 2019). */
export const roberta = defineArchitecture<RobertaConfig>({
  modelType: 'roberta',
  basePrefix: 'roberta.',
  classes,
  mayBeFresh: (name) => /^(classifier|qa_outputs|roberta\.pooler)\./.test(name),
  parse: parseRobertaConfig,
  withDropout: withBertDropout,
  limits: (config) => ({ maxPositions: maxPositions(config), vocabularySize: config.vocabularySize }),
  initializerRange: (config) => config.initializerRange,
  create: (config, head, source) => {
    const encoder = robertaEncoder(config);
    const architecture = classes[head.kind as keyof typeof classes];
    if (head.kind === 'question-answering') return new SpanModel(encoder, { architecture }, source);
    const layers = head.kind === 'multiple-choice' ? choiceHead(config) : classificationHead(config);
    return new SequenceModel(encoder, { architecture, head, headNames: ['classifier'], layers }, source);
  },
});

/** Padding keeps a row of its own; positions are counted over the other tokens, whatever the attention mask says. */
function robertaEncoder(config: RobertaConfig): Encoder {
  const { padTokenId } = config;
  return bertEncoder(config, {
    family: 'roberta',
    positions: (batch) => {
      const ids = batch.inputs.inputIds!.data;
      return countedPositions(batch, (index) => ids[index] !== padTokenId, padTokenId + 1, padTokenId);
    },
    positionPadding: padTokenId,
    reservedPositions: padTokenId + 1,
  });
}

/** RobertaClassificationHead: a dense layer of its own instead of a pooler. */
function classificationHead({ classifierDropout: rate }: RobertaConfig): SequenceHeadOptions {
  return {
    dense: {
      name: 'classifier.dense',
      activation: 'tanh',
      dropout: { name: 'classifier.input_dropout', rate },
    },
    dropout: { name: 'classifier.dropout', rate },
    outputName: 'classifier.out_proj',
  };
}

/** As BERT; the dropout is that of the hidden layers. */
function choiceHead({ hiddenDropout: rate }: RobertaConfig): SequenceHeadOptions {
  return {
    dense: { name: 'roberta.pooler.dense', activation: 'tanh' },
    dropout: { name: 'dropout', rate },
    outputName: 'classifier',
  };
}
