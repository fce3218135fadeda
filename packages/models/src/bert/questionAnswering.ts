import { Linear, selectedRows, type DeviceBatch, type ModelOutput, type ParameterSource } from '@leantune/core';
import { spanLoss } from '../transformer/losses.js';
import { Site } from '../transformer/site.js';
import type { BertConfig } from './config.js';
import { BertModel } from './model.js';

/** BERT that scores every token as first and as last of the answer; logits [batch, tokens or length, 2]. */
export class BertForQuestionAnswering extends BertModel {
  override readonly architecture = 'BertForQuestionAnswering';
  override readonly headNames = ['qa_outputs'];
  private readonly outputs: Site;

  constructor(config: BertConfig, source: ParameterSource) {
    super(config, { kind: 'question-answering' }, false, source);
    const linear = new Linear(config.hiddenSize, 2, source.child('qa_outputs'));
    this.outputs = this.addChild('qa_outputs', new Site({ name: 'head' }, linear));
  }

  protected forward(batch: DeviceBatch): ModelOutput {
    const hidden = selectedRows(this.bert.call(batch)); // [batch, tokens or length, hidden]
    const logits = this.outputs.call(hidden);
    return { loss: spanLoss(logits, batch), logits, hidden };
  }
}
