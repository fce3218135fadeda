import {
  Dropout,
  Linear,
  selectedRows,
  type DeviceBatch,
  type ModelOutput,
  type ParameterSource,
} from '@leantune/core';
import { spanLoss } from '../transformer/losses.js';
import { Site } from '../transformer/site.js';
import { EncoderModel, type Encoder } from './model.js';

/** An encoder that scores every token as first and as last of the answer; logits [batch, tokens or length, 2]. */
export class SpanModel extends EncoderModel {
  private readonly dropout: Dropout;
  private readonly outputs: Site;

  constructor(
    encoder: Encoder,
    { architecture, dropout = 0 }: { readonly architecture: string; readonly dropout?: number },
    source: ParameterSource,
  ) {
    super(architecture, { kind: 'question-answering' }, ['qa_outputs'], encoder, source);
    this.dropout = this.addChild('dropout', new Dropout(dropout));
    const linear = new Linear(encoder.hiddenSize, 2, source.child('qa_outputs'));
    this.outputs = this.addChild('qa_outputs', new Site({ name: 'head' }, linear));
  }

  protected forward(batch: DeviceBatch): ModelOutput {
    const hidden = selectedRows(this.encoder.call(batch)); // [batch, tokens or length, hidden]
    const logits = this.outputs.call(this.dropout.call(hidden));
    return { loss: spanLoss(logits, batch), logits, hidden };
  }
}
