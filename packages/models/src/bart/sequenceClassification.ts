import {
  UsageError,
  selectedRows,
  type Batch,
  type DeviceBatch,
  type ModelOutput,
  type ParameterSource,
} from '@leantune/core';
import { SequenceHead } from '../encoder/sequenceHead.js';
import { endTokensUneven } from '../messages.js';
import { headSize, type HeadOptions } from '../transformer/head.js';
import { sequenceLoss } from '../transformer/losses.js';
import { poolPositions } from '../transformer/pooling.js';
import { shiftedRight } from './backbone.js';
import type { BartConfig } from './config.js';
import { BartModel } from './model.js';

/**
 * BART that classifies, or scores, a text: the decoder reads the text too, one place later, and its state at the last
 * end-of-text token goes to the head.
 */
export class BartForSequenceClassification extends BartModel {
  override readonly architecture = 'BartForSequenceClassification';
  override readonly headNames = ['classification_head'];
  private readonly scores: SequenceHead;

  constructor(config: BartConfig, head: HeadOptions, source: ParameterSource) {
    super(config, head, source);
    const { hiddenSize, classifierDropout: rate } = config;
    const name = (part: string) => `classification_head.${part}`;
    const options = {
      dense: { name: name('dense'), activation: 'tanh', dropout: { name: name('input_dropout'), rate } },
      dropout: { name: name('dropout'), rate },
      outputName: name('out_proj'),
    } as const;
    this.scores = this.addChild('', new SequenceHead(hiddenSize, headSize(head)!, options, source));
  }

  override requiredPositions(batch: Batch, row: number): readonly number[] {
    return this.endPositions(batch)[row]!.slice(-1);
  }

  override checkBatch(batch: Batch): void {
    super.checkBatch(batch);
    const counts = this.endPositions(batch).map((positions) => positions.length);
    if (counts[0] === 0 || counts.some((count) => count !== counts[0])) {
      throw new UsageError(endTokensUneven(this.config.endTokenId, counts), { code: 'LEANTUNE_END_TOKENS' });
    }
  }

  protected override decoderLength({ length }: Batch): number {
    return length;
  }

  protected forward(batch: DeviceBatch): ModelOutput {
    const { host, decoderSelection } = batch;
    const decoded = this.backbone.call(batch, shiftedRight(host.inputs.inputIds!, this.config));
    const hidden = selectedRows(decoded); // [batch, tokens or length, hidden]
    const last = this.endPositions(host).map((positions) => positions.at(-1) ?? 0);
    const logits = this.scores.call(poolPositions(hidden, last, decoderSelection)); // [batch, labels]
    const kind = this.head.kind === 'regression' ? 'regression' : 'classification';
    return { loss: sequenceLoss(kind, logits, batch), logits, hidden };
  }

  /** Where the end-of-text tokens of every row are. */
  private endPositions({ size, length, inputs }: Batch): number[][] {
    const ids = inputs.inputIds!.data;
    return Array.from({ length: size }, (_row, row) =>
      Array.from({ length }, (_column, column) => column).filter(
        (column) => ids[row * length + column] === this.config.endTokenId,
      ),
    );
  }
}
