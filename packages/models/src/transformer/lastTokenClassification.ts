import {
  Linear,
  selectedRows,
  type Batch,
  type DeviceBatch,
  type Module,
  type ModelOutput,
  type ParameterSource,
  type Tensor,
} from '@leantune/core';
import { headSize, type HeadOptions } from './head.js';
import { sequenceLoss } from './losses.js';
import { TransformerModel } from './model.js';
import { poolPositions } from './pooling.js';
import { Site } from './site.js';
import type { LayerStack } from './stack.js';

/** A decoder without a head: the last hidden states of a batch [batch, length, features]. */
export interface DecoderBackbone extends Module<[batch: DeviceBatch], Tensor> {
  readonly stack: LayerStack;
}

export interface LastTokenClassifierOptions<Config> {
  readonly config: Config & {
    readonly maxPositions: number;
    readonly vocabularySize: number;
    readonly hiddenSize: number;
  };
  readonly family: string;
  readonly architecture: string;
  readonly head: HeadOptions;
  /** Name of the backbone in checkpoints, e.g. `model`. */
  readonly backboneName: string;
  readonly makeBackbone: (config: Config, source: ParameterSource) => DecoderBackbone;
  /** Features of the backbone's output. Default: the hidden size. */
  readonly features?: number;
  /** Which token ends a text; without one, the attention mask says. */
  readonly padTokenId: number | undefined;
}

/** A decoder that classifies, or scores, a text by a linear layer without bias on its last token. */
export class LastTokenClassifier<Config> extends TransformerModel {
  override readonly kind = 'decoder';
  override readonly headNames = ['score'];
  override readonly family: string;
  override readonly architecture: string;
  override readonly head: HeadOptions;
  override readonly maxPositions: number;
  override readonly vocabularySize: number;
  override readonly hiddenSize: number;
  private readonly backbone: DecoderBackbone;
  private readonly score: Site;
  private readonly padTokenId: number | undefined;

  constructor(options: LastTokenClassifierOptions<Config>, source: ParameterSource) {
    super();
    const { config, head, backboneName, makeBackbone, features = config.hiddenSize } = options;
    this.family = options.family;
    this.architecture = options.architecture;
    this.head = head;
    this.padTokenId = options.padTokenId;
    this.maxPositions = config.maxPositions;
    this.vocabularySize = config.vocabularySize;
    this.hiddenSize = config.hiddenSize;
    this.backbone = this.addChild(backboneName, makeBackbone(config, source.child(backboneName)));
    const linear = new Linear(features, headSize(head)!, source.child('score'), { bias: false });
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
