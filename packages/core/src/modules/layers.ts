import { dropout } from '../ops/dropout.js';
import type { DropoutStream } from '../kernels/dropout.js';
import { embedding } from '../ops/embedding.js';
import { layerNorm } from '../ops/layerNorm.js';
import { transpose } from '../kernels/shape.js';
import { add as addKernel } from '../kernels/elementwise.js';
import { linear, type WeightLayout } from '../ops/linear.js';
import { rmsNorm } from '../ops/rmsNorm.js';
import { scope } from '../tensor/scope.js';
import type { Parameter } from '../tensor/parameter.js';
import type { Tensor } from '../tensor/tensor.js';
import { stepContext, stepStream } from './context.js';
import type { ParameterSource } from './initialization.js';
import { Module } from './module.js';

export interface LinearOptions {
  /** Default true; or one that another module owns. */
  readonly bias?: boolean | Parameter | undefined;
  /** How the weight lies: Conv1D of GPT-2 stores [in, out]. Default `out-in`. */
  readonly layout?: WeightLayout | undefined;
  /** The weight of another module, which owns it (tied embeddings). */
  readonly tiedTo?: Parameter | undefined;
}

/** y = x Wᵀ + b with parameters `weight` [out, in] (or [in, out] by `layout`) and `bias` [out]. */
export class Linear extends Module<[x: Tensor], Tensor> {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  readonly layout: WeightLayout;

  constructor(
    readonly inFeatures: number,
    readonly outFeatures: number,
    source: ParameterSource,
    { bias = true, layout = 'out-in', tiedTo }: LinearOptions = {},
  ) {
    super();
    this.layout = layout;
    const shape = layout === 'out-in' ? [outFeatures, inFeatures] : [inFeatures, outFeatures];
    this.weight = tiedTo ?? this.addParameter('weight', source.parameter('weight', shape, 'normal'));
    const own = () => this.addParameter('bias', source.parameter('bias', [outFeatures], 'zeros'));
    this.bias = typeof bias === 'boolean' ? (bias ? own() : undefined) : bias;
  }

  /** W ← W + change [out, in]: how an update is merged. */
  addToWeight(change: Tensor): void {
    scope(() => this.weight.assign(addKernel(this.weight, this.laid(change))));
  }

  /** W x, without the bias. */
  product(x: Tensor): Tensor {
    return linear(x, this.weight, undefined, this.layout);
  }

  /** The weight as [out, in], however it lies: itself, or a temporary of the innermost scope. */
  weightOutFirst(): Tensor {
    return this.laid(this.weight);
  }

  /** W ← next [out, in]. */
  assignOutFirst(next: Tensor): void {
    scope(() => this.weight.assign(this.laid(next)));
  }

  /** From [out, in] to the weight's layout, or back: the same exchange. */
  private laid(matrix: Tensor): Tensor {
    return this.layout === 'out-in' ? matrix : transpose(matrix, [1, 0]);
  }

  protected forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias, this.layout);
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

/** Root-mean-square normalisation with parameter `weight` [features]. */
export class RMSNorm extends Module<[x: Tensor], Tensor> {
  readonly weight: Parameter;

  constructor(
    features: number,
    readonly epsilon: number,
    source: ParameterSource,
  ) {
    super();
    this.weight = this.addParameter('weight', source.parameter('weight', [features], 'ones'));
  }

  protected forward(x: Tensor): Tensor {
    return rmsNorm(x, this.weight, this.epsilon);
  }
}

/** Rows of `weight` [vocabulary, features] by index; carries on the token selection of the ids. */
export class Embedding extends Module<[ids: Tensor], Tensor> {
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

  protected forward(ids: Tensor): Tensor {
    return embedding(ids, this.weight, { paddingIndex: this.paddingIndex });
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
