import {
  Dropout,
  Linear,
  crossEntropy,
  reshape,
  selectedRows,
  type DeviceBatch,
  type ModelOutput,
  type ParameterSource,
} from '@leantune/core';
import { headSize, type HeadOptions } from '../transformer/head.js';
import { sequenceLoss } from '../transformer/losses.js';
import { poolTokens } from '../transformer/pooling.js';
import { Site } from '../transformer/site.js';
import type { BertConfig } from './config.js';
import { BertModel } from './model.js';

/** BERT with its pooler and a linear head: classification, regression, or the best of several texts. */
export class BertForSequenceClassification extends BertModel {
  override readonly architecture: string;
  override readonly headNames = ['classifier'];
  private readonly dropout: Dropout;
  private readonly classifier: Site;

  constructor(config: BertConfig, head: HeadOptions, source: ParameterSource) {
    super(config, head, true, source);
    this.architecture = head.kind === 'multiple-choice' ? 'BertForMultipleChoice' : 'BertForSequenceClassification';
    this.dropout = this.addChild('dropout', new Dropout(config.classifierDropout));
    const linear = new Linear(config.hiddenSize, headSize(head)!, source.child('classifier'));
    this.classifier = this.addChild('classifier', new Site({ name: 'head' }, linear));
  }

  protected forward(batch: DeviceBatch): ModelOutput {
    const hidden = selectedRows(this.bert.call(batch)); // [batch, tokens or length, hidden]
    const pooled = this.bert.poolerOutput(poolTokens(hidden, batch, this.pooling)); // [batch, hidden]
    const scores = this.classifier.call(this.dropout.call(pooled)); // [batch, labels]
    if (this.head.kind === 'multiple-choice') {
      const questions = batch.labels.size;
      const logits = reshape(scores, [questions, batch.size / questions]);
      return { loss: crossEntropy(logits, batch.labels), logits, hidden };
    }
    const kind = this.head.kind === 'regression' ? 'regression' : 'classification';
    return { loss: sequenceLoss(kind, scores, batch), logits: scores, hidden };
  }
}
