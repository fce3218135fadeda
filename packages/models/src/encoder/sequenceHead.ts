import { Dropout, Linear, Module, type ParameterSource, type Tensor } from '@leantune/core';
import { activations, type ActivationName } from '../transformer/activation.js';
import { Site } from '../transformer/site.js';

export interface SequenceHeadOptions {
  /** The hidden layer, by its full name in a checkpoint (`bert.pooler.dense`); absent: the head is linear. */
  readonly dense?: {
    readonly name: string;
    readonly activation: ActivationName;
    /** Dropout of its input. Default none. */
    readonly dropout?: { readonly name: string; readonly rate: number };
  };
  /** Dropout before the last layer. */
  readonly dropout: { readonly name: string; readonly rate: number };
  /** The last layer, by its full name in a checkpoint. */
  readonly outputName: string;
}

/** One vector a row to its scores: out(dropout(activation(dense(dropout(x))))), [batch, hidden] → [batch, labels]. */
export class SequenceHead extends Module<[pooled: Tensor], Tensor> {
  private readonly inputDropout: Dropout | undefined;
  private readonly dense: Site | undefined;
  private readonly activation: ((x: Tensor) => Tensor) | undefined;
  private readonly dropout: Dropout;
  private readonly output: Site;

  constructor(hiddenSize: number, labels: number, options: SequenceHeadOptions, source: ParameterSource) {
    super();
    const linear = (site: string, name: string, outputs: number) =>
      this.addChild(name, new Site({ name: site }, new Linear(hiddenSize, outputs, source.child(name))));
    const { dense, dropout } = options;
    if (dense !== undefined) {
      const before = dense.dropout;
      this.inputDropout = before && this.addChild(before.name, new Dropout(before.rate));
      this.dense = linear('pooler', dense.name, hiddenSize);
      this.activation = activations[dense.activation];
    }
    this.dropout = this.addChild(dropout.name, new Dropout(dropout.rate));
    this.output = linear('head', options.outputName, labels);
  }

  protected forward(pooled: Tensor): Tensor {
    const input = this.inputDropout?.call(pooled) ?? pooled;
    const inner = this.dense === undefined ? input : this.activation!(this.dense.call(input)); // [batch, hidden]
    return this.output.call(this.dropout.call(inner));
  }
}
