import {
  Linear,
  selectedRows,
  type Batch,
  type DeviceBatch,
  type ModelOutput,
  type ParameterSource,
} from '@leantune/core';
import { languageModelOutput } from '../transformer/languageModelOutput.js';
import { Site } from '../transformer/site.js';
import { shiftedRight } from './backbone.js';
import type { BartConfig } from './config.js';
import { BartModel } from './model.js';

/**
 * BART with a language-model head, tied to the embedding: predicts labels [batch, target length] from the tokens
 * before them, which are the input `decoderInputIds` or the labels themselves one place later.
 */
export class BartForConditionalGeneration extends BartModel {
  override readonly architecture = 'BartForConditionalGeneration';
  override readonly headNames: readonly string[] = [];
  private readonly languageHead: Site;

  constructor(config: BartConfig, source: ParameterSource) {
    super(config, { kind: 'seq2seq-lm' }, source);
    const { hiddenSize, vocabularySize } = config;
    const bias = this.addBuffer(
      'final_logits_bias',
      source.parameter('final_logits_bias', [1, vocabularySize], 'zeros'),
    );
    const tiedTo = this.backbone.embedding.weight;
    const head = new Linear(hiddenSize, vocabularySize, source.child('lm_head'), { bias, tiedTo });
    this.languageHead = this.addChild('lm_head', new Site({ name: 'head' }, head));
  }

  protected override decoderLength({ inputs, labels }: Batch): number {
    return (inputs.decoderInputIds ?? labels).shape[1]!;
  }

  /** Logits of the selected tokens of the decoder, or of all: [batch, tokens or target length, vocabulary]. */
  protected forward(batch: DeviceBatch): ModelOutput {
    const { inputs, host, decoderSelection } = batch;
    const decoderIds = inputs.decoderInputIds ?? shiftedRight(host.labels, this.config);
    const hidden = selectedRows(this.backbone.call(batch, decoderIds));
    return languageModelOutput(this.languageHead, hidden, host.labels.data as Int32Array, decoderSelection);
  }
}
