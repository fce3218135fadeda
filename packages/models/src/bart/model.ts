import { UsageError, type Batch, type ParameterSource } from '@leantune/core';
import { inputTooLong } from '../messages.js';
import type { HeadOptions } from '../transformer/head.js';
import { TransformerModel } from '../transformer/model.js';
import { BartBackbone } from './backbone.js';
import type { BartConfig } from './config.js';

/** BART with any of its heads. */
export abstract class BartModel extends TransformerModel {
  override readonly family = 'bart';
  override readonly kind = 'encoder-decoder';
  override readonly maxPositions: number;
  override readonly vocabularySize: number;
  override readonly hiddenSize: number;
  protected readonly backbone: BartBackbone;

  constructor(
    protected readonly config: BartConfig,
    override readonly head: HeadOptions,
    source: ParameterSource,
  ) {
    super();
    this.maxPositions = config.maxPositions;
    this.vocabularySize = config.vocabularySize;
    this.hiddenSize = config.hiddenSize;
    this.backbone = this.addChild('model', new BartBackbone(config, source.child('model')));
  }

  override get stacks() {
    return this.backbone.stacks;
  }

  /** Length of what the decoder reads. */
  protected abstract decoderLength(batch: Batch): number;

  override checkBatch(batch: Batch): void {
    super.checkBatch(batch);
    const length = this.decoderLength(batch);
    if (length > this.maxPositions) {
      throw new UsageError(inputTooLong(length, this.maxPositions), { code: 'LEANTUNE_INPUT_TOO_LONG' });
    }
  }
}
