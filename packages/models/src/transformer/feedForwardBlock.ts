import { Dropout, Linear, multiply, type ParameterSource, type Tensor, type WeightLayout } from '@leantune/core';
import { activations, type ActivationName } from './activation.js';
import { ResidualBlock, type BlockOptions } from './block.js';
import { Site, type SiteAddress } from './site.js';

export interface FeedForwardBlockOptions extends BlockOptions {
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly activation: ActivationName;
  /** Names of the projections, relative to the layer; with a gate: down(activation(gate(x)) ∘ up(x)). */
  readonly names: { readonly gate?: string; readonly up: string; readonly down: string };
  /** Default true. */
  readonly bias?: boolean;
  readonly layout?: WeightLayout;
  /** Dropout after the activation (BART). Default 0. */
  readonly activationDropout?: number;
}

/** down(activation(up(x))), or the gated form (Shazeer 2020, "GLU variants"). */
export class FeedForwardBlock extends ResidualBlock {
  readonly gate: Site | undefined;
  readonly up: Site;
  readonly down: Site;
  readonly activationName: ActivationName;
  private readonly activationDropout: Dropout;

  constructor(options: FeedForwardBlockOptions, at: (name: string) => SiteAddress, source: ParameterSource) {
    super(options, at('ffn.norm'), source);
    const { hiddenSize, intermediateSize, names, bias, layout } = options;
    const linear = (name: string, site: string, inFeatures: number, outFeatures: number) => {
      const module = new Linear(inFeatures, outFeatures, source.child(name), { bias, layout });
      return this.addChild(name, new Site(at(`ffn.${site}`), module));
    };
    this.gate = names.gate === undefined ? undefined : linear(names.gate, 'gate', hiddenSize, intermediateSize);
    this.up = linear(names.up, 'up', hiddenSize, intermediateSize);
    this.activationName = options.activation;
    this.activationDropout = this.addChild('activation_dropout', new Dropout(options.activationDropout ?? 0));
    this.down = linear(names.down, 'down', intermediateSize, hiddenSize);
    this.orderNorm();
  }

  protected transform(x: Tensor): Tensor {
    const { gate } = this;
    const activation = activations[this.activationName];
    const inner =
      gate === undefined ? activation(this.up.call(x)) : multiply(activation(gate.call(x)), this.up.call(x));
    return this.down.call(this.activationDropout.call(inner)); // [batch, length, hidden]
  }
}
