import {
  UsageError,
  type Batch,
  type DeviceBatch,
  type Module,
  type ParameterSource,
  type Tensor,
} from '@leantune/core';
import { tokenTypeOutOfRange } from '../messages.js';
import type { HeadOptions } from '../transformer/head.js';
import { TransformerModel } from '../transformer/model.js';
import type { LayerStack } from '../transformer/stack.js';

/** What lies below the head: a module that gives the last hidden states [batch, length, hidden]. */
export interface Encoder {
  /** `model_type`, which is also the name of the encoder in a checkpoint. */
  readonly family: string;
  readonly hiddenSize: number;
  readonly maxPositions: number;
  readonly vocabularySize: number | undefined;
  readonly typeVocabularySize?: number;
  make(source: ParameterSource): Module<[batch: DeviceBatch], Tensor> & { readonly stack: LayerStack };
}

/** An encoder with any head. */
export abstract class EncoderModel extends TransformerModel {
  override readonly kind = 'encoder';
  override readonly family: string;
  override readonly hiddenSize: number;
  override readonly maxPositions: number;
  override readonly vocabularySize: number | undefined;
  override readonly stacks: readonly LayerStack[];
  protected readonly encoder: Module<[batch: DeviceBatch], Tensor>;
  private readonly typeVocabularySize: number | undefined;

  constructor(
    override readonly architecture: string,
    override readonly head: HeadOptions,
    override readonly headNames: readonly string[],
    encoder: Encoder,
    source: ParameterSource,
  ) {
    super();
    this.family = encoder.family;
    this.hiddenSize = encoder.hiddenSize;
    this.maxPositions = encoder.maxPositions;
    this.vocabularySize = encoder.vocabularySize;
    this.typeVocabularySize = encoder.typeVocabularySize;
    const base = encoder.make(source.child(encoder.family));
    this.encoder = this.addChild(encoder.family, base);
    this.stacks = [base.stack];
  }

  override checkBatch(batch: Batch): void {
    super.checkBatch(batch);
    const size = this.typeVocabularySize;
    if (size === undefined) return;
    const wrong = batch.inputs.tokenTypeIds?.data.find((type) => !(type >= 0 && type < size));
    if (wrong !== undefined) throw new UsageError(tokenTypeOutOfRange(wrong, size), { code: 'LEANTUNE_TOKEN_TYPE' });
  }
}
