import { Dropout, Linear, Module, add, type ParameterSource, type Tensor } from '@leantune/core';
import { activations, type ActivationName, type ResidualParts } from '@leantune/models';

export interface MeftAdapterOptions {
  readonly width: number;
  readonly activation: ActivationName;
  /** Rate inside the bottleneck. */
  readonly dropout: number;
}

/**
 * W_up dropout(activation(W_down x + b_down)) + b_up, without a residual (Liao et al. 2023, figure 4; named as in the
 * published code). Both matrices start normal, biases zero.
 */
export class MeftAdapter extends Module<[x: Tensor], Tensor> {
  private readonly down: Linear;
  private readonly up: Linear;
  private readonly dropout: Dropout;

  constructor(
    hiddenSize: number,
    private readonly options: MeftAdapterOptions,
    source: ParameterSource,
  ) {
    super();
    const { width } = options;
    this.down = this.addChild('dense1', new Linear(hiddenSize, width, source.child('dense1')));
    this.dropout = this.addChild('dropout', new Dropout(options.dropout));
    this.up = this.addChild('dense2', new Linear(width, hiddenSize, source.child('dense2')));
  }

  protected forward(x: Tensor): Tensor {
    const inner = activations[this.options.activation](this.down.call(x)); // [batch, length, width]
    return this.up.call(this.dropout.call(inner)); // [batch, length, hidden]
  }
}

/** The sum of a feed-forward block with an adapter beside it, which reads what the block read. */
export class BesideSum extends Module<[parts: ResidualParts], Tensor> {
  constructor(private readonly adapter: MeftAdapter) {
    super();
    this.addChild('', adapter);
  }

  protected forward({ output, input, residual }: ResidualParts): Tensor {
    return add(add(output, this.adapter.call(input)), residual);
  }
}

/** The sum of an attention block with an adapter after it: z + A(z) for its output z. */
export class AfterSum extends Module<[parts: ResidualParts], Tensor> {
  constructor(private readonly adapter: MeftAdapter) {
    super();
    this.addChild('', adapter);
  }

  protected forward({ output, residual }: ResidualParts): Tensor {
    return add(add(output, this.adapter.call(output)), residual);
  }
}
