import { Dropout, Linear, Module, add, addKernel, matMul, multiplyKernel, scale, scope } from '@leantune/core';
import type { Initializer, Parameter, ParameterSource, Tensor } from '@leantune/core';

export interface LoraLinearOptions {
  readonly rank: number;
  readonly alpha: number;
  readonly dropout: number;
  /** Scale by alpha / √rank instead of alpha / rank (Kalajdzievski 2023). */
  readonly rankStabilized: boolean;
}

/** y = W x + b + scaling · B A dropout(x), with A [rank, in] and B [out, rank] (Hu et al. 2022, equation 3). */
export class LoraLinear extends Module<[x: Tensor], Tensor> {
  private readonly down: Linear;
  private readonly up: Linear;
  private readonly dropout: Dropout;

  constructor(
    readonly base: Linear,
    readonly options: LoraLinearOptions,
    source: ParameterSource,
  ) {
    super();
    this.addChild('', base);
    const { rank } = options;
    this.dropout = this.addChild('lora_dropout', new Dropout(options.dropout));
    this.down = this.addChild('lora_A', new Linear(base.inFeatures, rank, source.child('lora_A'), { bias: false }));
    this.up = this.addChild('lora_B', new Linear(rank, base.outFeatures, source.child('lora_B'), { bias: false }));
  }

  /** Factor on the low-rank product. */
  get scaling(): number {
    const { alpha, rank, rankStabilized } = this.options;
    return alpha / (rankStabilized ? Math.sqrt(rank) : rank);
  }

  /** W ← W + scaling · B A; the inserted parameters are released. */
  merge(): Linear {
    const { weight } = this.base;
    scope(() => {
      const change = matMul(this.up.weight, this.down.weight); // [out, in]
      weight.assign(addKernel(weight, multiplyKernel(change, this.scaling)));
    });
    this.down.release();
    this.up.release();
    return this.base;
  }

  protected forward(x: Tensor): Tensor {
    const update = this.up.call(this.down.call(this.dropout.call(x)));
    return add(this.base.call(x), scale(update, this.scaling));
  }
}

/** PEFT's start: A uniform in ±1/√in (kaiming_uniform with a = √5), B zero, so that the model is unchanged. */
export class LoraInitialization implements ParameterSource {
  constructor(
    private readonly fresh: ParameterSource,
    private readonly name = '',
  ) {}

  child(name: string): ParameterSource {
    return new LoraInitialization(this.fresh.child(name), name);
  }

  parameter(name: string, shape: readonly number[], _initializer: Initializer): Parameter {
    return this.fresh.parameter(name, shape, this.name === 'lora_B' ? 'zeros' : 'kaimingUniform');
  }
}
