import {
  Dropout,
  Module,
  Parameter,
  add,
  addKernel,
  divideKernel,
  multiplyKernel,
  reshapeKernel,
  rowNorms,
  scale,
  scaleFeatures,
  scope,
  type Linear,
  type ParameterSource,
  type Tensor,
} from '@leantune/core';
import type { LinearLayer } from '../lora/linearSites.js';
import { LowRankUpdate, type LoraLinearOptions } from '../lora/loraLinear.js';
import { plainLinear, type LinearWrapper } from '../lora/wrapSites.js';

/** Name of the magnitudes, as PEFT's module has it. */
export const magnitudeName = 'lora_magnitude_vector.weight';

/**
 * y = m ∘ (W + s B A) x / ‖W + s B A‖ + b, with a magnitude m and a norm for every output (Liu et al. 2024, "DoRA",
 * equation 5). The norm is a constant of the backward pass (section 4.3). m starts as the norm: the model is unchanged.
 * With dropout the base product of the kept inputs alone is scaled, as in PEFT.
 *
 * Saves besides what LoRA saves: the product [..., out] for the magnitudes' gradient, and the norms [out].
 */
export class DoraLinear extends Module<[x: Tensor], Tensor> implements LinearWrapper {
  private readonly update: LowRankUpdate;
  private readonly magnitude: Parameter;
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
    this.magnitude = this.addParameter(magnitudeName, Parameter.filled([base.outFeatures], 0));
    scope(() => this.magnitude.assign(this.norms()));
  }

  /** W ← m ∘ (W + s B A) / ‖W + s B A‖. */
  merge(): Linear {
    const plain = plainLinear(this.base);
    scope(() => {
      const column = [plain.outFeatures, 1];
      const direction = addKernel(plain.weightOutFirst(), this.update.change());
      const factors = divideKernel(this.magnitude, rowNorms(direction));
      plain.assignOutFirst(multiplyKernel(direction, reshapeKernel(factors, column)));
    });
    this.update.release();
    this.magnitude.release();
    return plain;
  }

  protected forward(x: Tensor): Tensor {
    const kept = this.dropout.call(x);
    const product = this.base.product(kept);
    const direction = add(product, this.update.call(kept)); // [..., out]
    const divisor = this.norms();
    if (kept === x) return scaleFeatures(direction, this.magnitude, { divisor, shift: this.base.bias });
    const rest = add(this.base.call(x), scale(product, -1)); // W (x - dropout(x)) + b
    return add(scaleFeatures(direction, this.magnitude, { divisor }), rest);
  }

  /** ‖W + s B A‖ of every output: [out]; no gradient. */
  private norms(): Tensor {
    return scope(() => rowNorms(addKernel(this.base.weightOutFirst(), this.update.change())));
  }
}
