import {
  UsageError,
  crossEntropy,
  reshape,
  selectedRows,
  type Batch,
  type DeviceBatch,
  type ModelOutput,
  type ParameterSource,
} from '@leantune/core';
import { choicesUneven } from '../messages.js';
import { headSize, type HeadOptions } from '../transformer/head.js';
import { sequenceLoss } from '../transformer/losses.js';
import { poolTokens } from '../transformer/pooling.js';
import { EncoderModel, type Encoder } from './model.js';
import { SequenceHead, type SequenceHeadOptions } from './sequenceHead.js';

export interface SequenceModelOptions {
  readonly architecture: string;
  readonly head: HeadOptions;
  readonly headNames: readonly string[];
  readonly layers: SequenceHeadOptions;
}

/** An encoder that scores whole rows: classification, regression, or the best of several texts. */
export class SequenceModel extends EncoderModel {
  private readonly scores: SequenceHead;

  constructor(
    encoder: Encoder,
    { architecture, head, headNames, layers }: SequenceModelOptions,
    source: ParameterSource,
  ) {
    super(architecture, head, headNames, encoder, source);
    this.scores = this.addChild('', new SequenceHead(encoder.hiddenSize, headSize(head)!, layers, source));
  }

  override checkBatch(batch: Batch): void {
    const questions = batch.labels.data.length;
    if (this.head.kind === 'multiple-choice' && batch.size % questions !== 0) {
      throw new UsageError(choicesUneven(batch.size, questions), { code: 'LEANTUNE_CHOICES' });
    }
    super.checkBatch(batch);
  }

  protected forward(batch: DeviceBatch): ModelOutput {
    const hidden = selectedRows(this.encoder.call(batch)); // [batch, tokens or length, hidden]
    const scores = this.scores.call(poolTokens(hidden, batch, this.pooling)); // [batch, labels]
    if (this.head.kind === 'multiple-choice') {
      const questions = batch.labels.size;
      const logits = reshape(scores, [questions, batch.size / questions]);
      return { loss: crossEntropy(logits, batch.labels), logits, hidden };
    }
    const kind = this.head.kind === 'regression' ? 'regression' : 'classification';
    return { loss: sequenceLoss(kind, scores, batch), logits: scores, hidden };
  }
}
