import { Linear, type ParameterSource, type Tensor, type WeightLayout } from '@leantune/core';
import { Attention, queryWidth, type AttentionShape, type ProjectionNames } from './attention.js';
import { ResidualBlock, type BlockOptions } from './block.js';
import type { LayerContext } from './context.js';
import { Site, type SiteAddress } from './site.js';

export interface AttentionBlockOptions extends BlockOptions {
  readonly shape: AttentionShape;
  /** Name of the module that holds the projections, relative to the layer. */
  readonly name: string;
  readonly projections: ProjectionNames;
  /** Name of the output projection, relative to the layer, and how its weight lies. */
  readonly outputName: string;
  readonly outputLayout?: WeightLayout;
}

/** Self-attention, or attention of a decoder to what the encoder gave. */
export class AttentionBlock extends ResidualBlock {
  readonly attention: Attention;
  readonly output: Site;

  constructor(
    options: AttentionBlockOptions,
    private readonly kind: 'attention' | 'crossAttention',
    at: (name: string) => SiteAddress,
    source: ParameterSource,
  ) {
    super(options, at(`${kind}.norm`), source);
    const { shape, name, outputName } = options;
    this.attention = this.addChild(
      name,
      new Attention(shape, options.projections, (site) => at(`${kind}.${site}`), source.child(name)),
    );
    const output = new Linear(queryWidth(shape), shape.hiddenSize, source.child(outputName), {
      bias: shape.outputBias ?? shape.bias,
      layout: options.outputLayout,
    });
    this.output = this.addChild(outputName, new Site(at(`${kind}.output`), output));
    this.orderNorm();
  }

  protected transform(x: Tensor, { mask, rotary, prefixes, encoder }: LayerContext): Tensor {
    if (this.kind === 'attention') {
      const prefix = prefixes?.[this.output.address.layer!];
      return this.output.call(this.attention.call(x, x, mask, rotary, prefix));
    }
    return this.output.call(this.attention.call(x, encoder!.hidden, encoder!.mask));
  }
}
