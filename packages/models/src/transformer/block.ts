import { Dropout, Module, add, type ParameterSource, type Tensor } from '@leantune/core';
import type { LayerContext } from './context.js';
import { Site, type SiteAddress } from './site.js';

/** Where a block normalises: its input (`before`), or the sum with the residual (`after`). */
export type NormPlacement = 'before' | 'after';

/** Makes the kind of normalisation that an architecture uses, over `width` features (default: the model's). */
type NormMaker = (source: ParameterSource, width?: number) => Module<[x: Tensor], Tensor>;

export interface BlockOptions {
  readonly normPlacement: NormPlacement;
  readonly makeNorm: NormMaker;
  /** Name of the normalisation in a checkpoint, relative to the layer. */
  readonly normName: string;
  /** Rate of the dropout before the residual sum, and the name that its random stream is drawn by. */
  readonly dropout: number;
  readonly dropoutName: string;
}

/** What a block has computed when it comes to its residual sum; all are [batch, length, hidden]. */
export interface ResidualParts {
  /** f of the input, after dropout. */
  readonly output: Tensor;
  /** The block's own input, which the output is added to. */
  readonly residual: Tensor;
  /** What f read: the residual, normalised where the normalisation comes before. */
  readonly input: Tensor;
  /** The block's normalisation of a sum; the sum itself where the normalisation comes before. */
  readonly normalize: (sum: Tensor) => Tensor;
}

/** The residual sum with what a method adds to it; the block normalises the result where it does so after. */
export type ResidualSum = Module<[parts: ResidualParts], Tensor>;

/**
 * One residual half of a layer: norm(x + dropout(f(x))) or x + dropout(f(norm(x))), where f is attention or a
 * feed-forward network. x: [batch, length, hidden].
 */
export abstract class ResidualBlock extends Module<[x: Tensor, context: LayerContext], Tensor> {
  readonly norm: Site;
  readonly normPlacement: NormPlacement;
  private readonly dropout: Dropout;
  private insertedSum: ResidualSum | undefined;

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

  /** Rate of the dropout before the residual sum. */
  get dropoutRate(): number {
    return this.dropout.rate;
  }

  /** Lists the normalisation where it runs; for the end of a subclass's constructor. */
  protected orderNorm(): void {
    if (this.normPlacement === 'after') this.replaceChild(this.blockOptions.normName, this.norm);
  }

  /** What a method has put in the place of the residual sum. */
  get sum(): ResidualSum | undefined {
    return this.insertedSum;
  }

  /** Puts a module in the place of the residual sum; its parameters are named relative to the layer. */
  insertSum(name: string, sum: ResidualSum): void {
    this.insertedSum = this.addChild(name, sum);
  }

  /** f(x), without normalisation, dropout and residual. */
  protected abstract transform(x: Tensor, context: LayerContext): Tensor;

  protected forward(x: Tensor, context: LayerContext): Tensor {
    const after = this.normPlacement === 'after';
    const input = after ? x : this.norm.call(x);
    const output = this.dropout.call(this.transform(input, context));
    const normalize = (sum: Tensor) => (after ? this.norm.call(sum) : sum);
    const sum = this.insertedSum?.call({ output, residual: x, input, normalize }) ?? add(output, x);
    return normalize(sum);
  }
}
