import { dropout, type DropoutStream } from '../ops/dropout.js';
import { embedding } from '../ops/embedding.js';
import { layerNorm } from '../ops/layerNorm.js';
import { linear } from '../ops/linear.js';
import type { Parameter } from '../tensor/parameter.js';
import type { TokenSelection } from '../tensor/selection.js';
import type { Tensor } from '../tensor/tensor.js';
import { stepContext, stepStream } from './context.js';
import type { ParameterSource } from './initialization.js';
import { Module } from './module.js';

/** y = x Wᵀ + b with parameters `weight` [out, in] and `bias` [out]. */
export class Linear extends Module<[x: Tensor], Tensor> {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;

  constructor(
    readonly inFeatures: number,
    readonly outFeatures: number,
    source: ParameterSource,
    { bias = true }: { readonly bias?: boolean } = {},
  ) {
    super();
    this.weight = this.addParameter('weight', source.parameter('weight', [outFeatures, inFeatures], 'normal'));
    this.bias = bias ? this.addParameter('bias', source.parameter('bias', [outFeatures], 'zeros')) : undefined;
  }

  protected forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }
}

/** Layer normalisation with parameters `weight` and `bias` [features]. */
export class LayerNorm extends Module<[x: Tensor], Tensor> {
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor(
    features: number,
    readonly epsilon: number,
    source: ParameterSource,
  ) {
    super();
    this.weight = this.addParameter('weight', source.parameter('weight', [features], 'ones'));
    this.bias = this.addParameter('bias', source.parameter('bias', [features], 'zeros'));
  }

  protected forward(x: Tensor): Tensor {
    return layerNorm(x, this.weight, this.bias, this.epsilon);
  }
}

/** Rows of `weight` [vocabulary, features] by index. */
export class Embedding extends Module<[ids: Tensor, selection?: TokenSelection], Tensor> {
  readonly weight: Parameter;

  constructor(
    vocabulary: number,
    features: number,
    source: ParameterSource,
    private readonly paddingIndex?: number,
  ) {
    super();
    this.weight = this.addParameter('weight', source.parameter('weight', [vocabulary, features], 'normal'));
  }

  protected forward(ids: Tensor, selection?: TokenSelection): Tensor {
    return embedding(ids, this.weight, { paddingIndex: this.paddingIndex, selection });
  }
}

/** Dropout that draws from a stream named after its module's path and the step. One call a step. */
export class Dropout extends Module<[x: Tensor], Tensor> {
  constructor(readonly rate: number) {
    super();
  }

  /** The stream for this step; undefined where nothing is dropped. */
  stream(): DropoutStream | undefined {
    if (this.rate === 0 || !stepContext().training) return undefined;
    return { rate: this.rate, key: stepStream('dropout', this.path) };
  }

  protected forward(x: Tensor): Tensor {
    const stream = this.stream();
    return stream === undefined ? x : dropout(x, stream);
  }
}
