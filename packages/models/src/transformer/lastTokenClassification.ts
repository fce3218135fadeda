import {
  Linear,
  selectedRows,
  type Batch,
  type DeviceBatch,
  type ModelOutput,
  type ParameterSource,
} from '@leantune/core';
import type { DecoderBackbone, DecoderConfig, DecoderOptions } from './decoder.js';
import { headSize, type HeadOptions } from './head.js';
import { sequenceLoss } from './losses.js';
import { TransformerModel } from './model.js';
import { poolPositions } from './pooling.js';
import { Site } from './site.js';

/** A decoder that classifies, or scores, a text by a linear layer without bias on its last token. */
export class LastTokenClassifier<Config extends DecoderConfig> extends TransformerModel {
  override readonly kind = 'decoder';
  override readonly headNames = ['score'];
  override readonly family: string;
  override readonly architecture: string;
  override readonly maxPositions: number;
  override readonly vocabularySize: number;
  override readonly hiddenSize: number;
  private readonly backbone: DecoderBackbone;
  private readonly score: Site;
  private readonly padTokenId: number | undefined;

  constructor(
    options: DecoderOptions<Config>,
    override readonly head: HeadOptions,
    source: ParameterSource,
  ) {
    super();
    const { config, backboneName, makeBackbone } = options;
    const { hiddenSize, embeddingSize = hiddenSize } = config;
    this.family = options.modelType;
    this.architecture = options.classifier;
    this.padTokenId = config.padTokenId;
    this.maxPositions = config.maxPositions;
    this.vocabularySize = config.vocabularySize;
    this.hiddenSize = hiddenSize;
    this.backbone = this.addChild(backboneName, makeBackbone(config, source.child(backboneName)));
    const linear = new Linear(embeddingSize, headSize(head)!, source.child('score'), { bias: false });
    this.score = this.addChild('score', new Site({ name: 'head' }, linear));
  }

  override get stacks() {
    return [this.backbone.stack];
  }

  override requiredPositions(batch: Batch, row: number): readonly number[] {
    return [lastTokens(batch, this.padTokenId)[row]!];
  }

  protected forward(batch: DeviceBatch): ModelOutput {
    const hidden = selectedRows(this.backbone.call(batch)); // [batch, tokens or length, features]
    const last = poolPositions(hidden, lastTokens(batch.host, this.padTokenId), batch.selection); // [batch, features]
    const logits = this.score.call(last);
    const kind = this.head.kind === 'regression' ? 'regression' : 'classification';
    return { loss: sequenceLoss(kind, logits, batch), logits, hidden };
  }
}

/**
 * Position of the last token of every row that is no padding, left or right, as Hugging Face finds it by ids. Where
 * tokens are arranged anew, the last one is that of the text.
 */
export function lastTokens({ size, length, inputs }: Batch, padTokenId: number | undefined): number[] {
  const { inputIds, attentionMask, causalOrder } = inputs;
  const isText = (index: number) =>
    padTokenId === undefined ? attentionMask?.data[index] !== 0 : inputIds!.data[index] !== padTokenId;
  return Array.from({ length: size }, (_, row) => {
    let last = 0;
    let latest = -1;
    for (let column = 0; column < length; column++) {
      const index = row * length + column;
      const place = causalOrder?.data[index] ?? column;
      if (place > latest && isText(index)) [last, latest] = [column, place];
    }
    return last;
  });
}
