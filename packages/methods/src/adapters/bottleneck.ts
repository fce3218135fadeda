import { Linear, Module, scale } from '@leantune/core';
import type { Initializer, Parameter, ParameterSource, Tensor } from '@leantune/core';
import { activations, type ActivationName } from '@leantune/models';

/** How a bottleneck starts. */
type BottleneckStart =
  /** Both matrices normal with the source's standard deviation, biases zero: close to unchanged. */
  | 'normal'
  /** W_down uniform in ±1/√in, W_up and biases zero: unchanged (He et al. 2022, as LoRA starts). */
  | 'zero-up';

export interface BottleneckOptions {
  /** Features between the two matrices. */
  readonly width: number;
  readonly activation: ActivationName;
  /** Factor on the output. */
  readonly scale: number;
  readonly start: BottleneckStart;
}

/**
 * scale · (W_up activation(W_down x + b_down) + b_up), with W_down [width, hidden] and W_up [hidden, width]
 * (Houlsby et al. 2019, figure 2, without the residual); named as in the `adapters` library.
 */
export class Bottleneck extends Module<[x: Tensor], Tensor> {
  private readonly down: Linear;
  private readonly up: Linear;

  constructor(
    hiddenSize: number,
    private readonly options: BottleneckOptions,
    source: ParameterSource,
  ) {
    super();
    const { width, start } = options;
    const named = (name: string) => {
      const fresh = source.child(name);
      return start === 'normal' ? fresh : new ZeroUpSource(fresh, name === upName);
    };
    this.down = this.addChild(downName, new Linear(hiddenSize, width, named(downName)));
    this.up = this.addChild(upName, new Linear(width, hiddenSize, named(upName)));
  }

  protected forward(x: Tensor): Tensor {
    const inner = activations[this.options.activation](this.down.call(x)); // [batch, length, width]
    const output = this.up.call(inner); // [batch, length, hidden]
    return this.options.scale === 1 ? output : scale(output, this.options.scale);
  }
}

const downName = 'adapter_down.0';
const upName = 'adapter_up';

class ZeroUpSource implements ParameterSource {
  constructor(
    private readonly fresh: ParameterSource,
    private readonly isUp: boolean,
  ) {}

  child(name: string): ParameterSource {
    return new ZeroUpSource(this.fresh.child(name), this.isUp);
  }

  parameter(name: string, shape: readonly number[], initializer: Initializer): Parameter {
    return this.fresh.parameter(name, shape, initializer === 'zeros' || this.isUp ? 'zeros' : 'kaimingUniform');
  }
}
