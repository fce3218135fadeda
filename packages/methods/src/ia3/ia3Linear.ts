import {
  Module,
  multiplyKernel,
  reshape,
  reshapeKernel,
  scaleFeatures,
  scope,
  type Linear,
  type Parameter,
  type ParameterSource,
  type Tensor,
} from '@leantune/core';
import type { LinearLayer } from '../lora/linearSites.js';
import { plainLinear, type LinearWrapper } from '../lora/wrapSites.js';

/** What a vector scales: the input of the layer (`input`, PEFT's feed-forward modules), or its output with the bias. */
export type Ia3Side = 'input' | 'output';

/** Name and shape of the vector at a layer, as PEFT has them. */
export function ia3Shape({ inFeatures, outFeatures }: LinearLayer, side: Ia3Side): readonly number[] {
  return side === 'input' ? [1, inFeatures] : [outFeatures, 1];
}

/** y = W (l ∘ x) + b or l ∘ (W x + b) (Liu et al. 2022, section 3.3). l starts as ones: the model is unchanged. */
export class Ia3Linear extends Module<[x: Tensor], Tensor> implements LinearWrapper {
  private readonly factors: Parameter;

  constructor(
    readonly base: LinearLayer,
    readonly side: Ia3Side,
    source: ParameterSource,
  ) {
    super();
    this.addPart(base);
    this.factors = this.addParameter('ia3_l', source.parameter('ia3_l', ia3Shape(base, side), 'ones'));
  }

  /** W ← W ∘ l by columns, or W ← W ∘ l by rows and b ← b ∘ l. */
  merge(): Linear {
    const plain = plainLinear(this.base);
    scope(() => {
      // [1, in] scales columns, [out, 1] rows.
      plain.assignOutFirst(multiplyKernel(plain.weightOutFirst(), this.factors));
      const { bias } = plain;
      if (this.side === 'output' && bias !== undefined) {
        bias.assign(multiplyKernel(bias, reshapeKernel(this.factors, bias.shape)));
      }
    });
    this.factors.release();
    return plain;
  }

  protected forward(x: Tensor): Tensor {
    const factors = reshape(this.factors, [this.factors.size]);
    if (this.side === 'input') return this.base.call(scaleFeatures(x, factors));
    return scaleFeatures(this.base.call(x), factors);
  }
}
