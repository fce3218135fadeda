import { Dropout, Module, add, type ParameterSource, type Tensor } from '@leantune/core';
import type { LayerContext } from './context.js';
import { Site, type SiteAddress } from './site.js';

/** Where a block normalises: its input (`before`), or the sum with the residual (`after`). */
export type NormPlacement = 'before' | 'after';

/** Makes the kind of normalisation that an architecture uses. */
export type NormMaker = (source: ParameterSource) => Module<[x: Tensor], Tensor>;

export interface BlockOptions {
  readonly normPlacement: NormPlacement;
  readonly makeNorm: NormMaker;
  /** Name of the normalisation in a checkpoint, relative to the layer. */
  readonly normName: string;
  /** Rate of the dropout before the residual sum, and the name that its random stream is drawn by. */
  readonly dropout: number;
  readonly dropoutName: string;
}

/**
 * One residual half of a layer: norm(x + dropout(f(x))) or x + dropout(f(norm(x))), where f is attention or a
 * feed-forward network. x: [batch, length, hidden].
 */
export abstract class ResidualBlock extends Module<[x: Tensor, context: LayerContext], Tensor> {
  readonly norm: Site;
  readonly normPlacement: NormPlacement;
  private readonly dropout: Dropout;

  constructor(
    private readonly blockOptions: BlockOptions,
    normAddress: SiteAddress,
    source: ParameterSource,
  ) {
    super();
    const { normName, dropoutName } = blockOptions;
    this.normPlacement = blockOptions.normPlacement;
    this.norm = this.addChild(normName, new Site(normAddress, blockOptions.makeNorm(source.child(normName))));
    this.dropout = this.addChild(dropoutName, new Dropout(blockOptions.dropout));
  }

  /** Lists the normalisation where it runs; for the end of a subclass's constructor. */
  protected orderNorm(): void {
    if (this.normPlacement === 'after') this.replaceChild(this.blockOptions.normName, this.norm);
  }

  /** f(x), without normalisation, dropout and residual. */
  protected abstract transform(x: Tensor, context: LayerContext): Tensor;

  protected forward(x: Tensor, context: LayerContext): Tensor {
    if (this.normPlacement === 'before') {
      return add(x, this.dropout.call(this.transform(this.norm.call(x), context)));
    }
    return this.norm.call(add(this.dropout.call(this.transform(x, context)), x));
  }
}
