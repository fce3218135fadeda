import { Module, type AnyModule, type ParameterSource, type Tensor } from '@leantune/core';
import { AttentionBlock, type AttentionBlockOptions } from './attentionBlock.js';
import type { LayerContext } from './context.js';
import { FeedForwardBlock, type FeedForwardBlockOptions } from './feedForwardBlock.js';

/** What an architecture's layers are made of, with the names of its checkpoints. */
export interface LayerOptions {
  readonly attention: AttentionBlockOptions;
  /** Decoders of encoder-decoders only. */
  readonly crossAttention?: AttentionBlockOptions;
  readonly feedForward: FeedForwardBlockOptions;
}

/** One layer of any architecture: self-attention, cross-attention where it has one, feed-forward. */
export class TransformerLayer extends Module<[x: Tensor, context: LayerContext], Tensor> {
  readonly attention: AttentionBlock;
  readonly crossAttention: AttentionBlock | undefined;
  readonly feedForward: FeedForwardBlock;

  constructor(
    readonly options: LayerOptions,
    stack: 'encoder' | 'decoder',
    layer: number,
    source: ParameterSource,
  ) {
    super();
    const at = (name: string) => ({ name, stack, layer });
    this.attention = this.addPart(new AttentionBlock(options.attention, 'attention', at, source));
    this.crossAttention =
      options.crossAttention === undefined
        ? undefined
        : this.addPart(new AttentionBlock(options.crossAttention, 'crossAttention', at, source));
    this.feedForward = this.addPart(new FeedForwardBlock(options.feedForward, at, source));
  }

  /** Adds a method's module beside the blocks, under a name of the layer's; the method calls it. */
  insert<T extends AnyModule>(name: string, module: T): T {
    return this.addChild(name, module);
  }

  protected forward(x: Tensor, context: LayerContext): Tensor {
    const attended = this.attention.call(x, context);
    const crossed = this.crossAttention?.call(attended, context) ?? attended;
    return this.feedForward.call(crossed, context);
  }
}
