import {
  UsageError,
  add,
  crossEntropy,
  reshape,
  selectedRows,
  tensorFrom,
  withCategory,
  type Batch,
  type DeviceBatch,
  type HostArray,
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

/** Added to the score of a choice that a question lacks: far below every other one, in half precision too. */
const ABSENT_CHOICE = -1e4;

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
      const plain = reshape(scores, [questions, batch.size / questions]);
      const { choiceMask } = batch.host.inputs;
      const logits = choiceMask === undefined ? plain : add(plain, absentChoices(choiceMask));
      return { loss: crossEntropy(logits, batch.labels), logits, hidden };
    }
    const kind = this.head.kind === 'regression' ? 'regression' : 'classification';
    return { loss: sequenceLoss(kind, scores, batch), logits: scores, hidden };
  }
}

/** What is added to scores [questions, choices]. */
function absentChoices({ shape, data }: HostArray) {
  const values = Float32Array.from(data, (real) => (real === 0 ? ABSENT_CHOICE : 0));
  return withCategory('batch', () => tensorFrom(values, shape));
}
