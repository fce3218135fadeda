import { Dropout, Linear, Module, add, matMul, multiplyKernel, scale, scope } from '@leantune/core';
import type { Initializer, Parameter, ParameterSource, Tensor } from '@leantune/core';
import type { LinearLayer } from './linearSites.js';
import { plainLinear, type LinearWrapper } from './wrapSites.js';

export interface LoraLinearOptions {
  readonly rank: number;
  readonly alpha: number;
  readonly dropout: number;
  /** Scale by alpha / √rank instead of alpha / rank (Kalajdzievski 2023). */
  readonly rankStabilized: boolean;
}

/** Factor on the low-rank product. */
function loraScaling({ alpha, rank, rankStabilized }: LoraLinearOptions): number {
  return alpha / (rankStabilized ? Math.sqrt(rank) : rank);
}

/** scaling · B A dropout(x), with A [rank, in] and B [out, rank]: the update of one layer, named as PEFT does. */
export class LowRankUpdate extends Module<[x: Tensor], Tensor> {
  private readonly down: Linear;
  private readonly up: Linear;
  private readonly scaling: number;

  constructor({ inFeatures, outFeatures }: LinearLayer, options: LoraLinearOptions, source: ParameterSource) {
    super();
    const { rank } = options;
    this.scaling = loraScaling(options);
    this.down = this.addChild('lora_A', new Linear(inFeatures, rank, source.child('lora_A'), { bias: false }));
    this.up = this.addChild('lora_B', new Linear(rank, outFeatures, source.child('lora_B'), { bias: false }));
  }

  /** scaling · B A [out, in]: a temporary of the innermost scope. */
  change(): Tensor {
    return scope(() => multiplyKernel(matMul(this.up.weight, this.down.weight), this.scaling));
  }

  protected forward(x: Tensor): Tensor {
    return scale(this.up.call(this.down.call(x)), this.scaling);
  }
}

/** y = W x + b + scaling · B A dropout(x) (Hu et al. 2022, equation 3). */
export class LoraLinear extends Module<[x: Tensor], Tensor> implements LinearWrapper {
  private readonly update: LowRankUpdate;
  private readonly dropout: Dropout;

  constructor(
    readonly base: LinearLayer,
    readonly options: LoraLinearOptions,
    source: ParameterSource,
  ) {
    super();
    this.addPart(base);
    this.dropout = this.addChild('lora_dropout', new Dropout(options.dropout));
    this.update = this.addPart(new LowRankUpdate(base, options, source));
  }

  /** W ← W + scaling · B A. */
  merge(): Linear {
    const plain = plainLinear(this.base);
    scope(() => plain.addToWeight(this.update.change()));
    this.update.release();
    return plain;
  }

  protected forward(x: Tensor): Tensor {
    return add(this.base.call(x), this.update.call(this.dropout.call(x)));
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
