import { dequantizingLinear } from '../ops/dequantizingLinear.js';
import { Nf4Weight } from '../quantization/nf4Weight.js';
import type { Nf4Options } from '../quantization/quantize.js';
import type { StorageDType } from '../tensor/dtype.js';
import { Parameter } from '../tensor/parameter.js';
import { scope } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import type { WeightLayout } from '../ops/linear.js';
import type { ParameterSource } from './initialization.js';
import { Linear } from './layers.js';
import { Module } from './module.js';

/**
 * A linear layer whose frozen weight is held in NF4; it takes the place, and the bias, of a `Linear`. The codes are
 * buffers: nothing trains them, and their bytes are counted with the parameters'.
 */
export class QuantizedLinear extends Module<[x: Tensor], Tensor> {
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly bias: Parameter | undefined;
  /** [out, in], however the original lay. */
  readonly weight: Nf4Weight;
  private readonly layout: WeightLayout;
  /** How the original's numbers were held. */
  private readonly storage: StorageDType;

  /** Quantises the layer's weight and releases it. */
  constructor(original: Linear, options: Nf4Options) {
    super();
    const { inFeatures, outFeatures, bias, layout } = original;
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    this.layout = layout;
    this.storage = original.weight.storageDtype;
    const values = () => scope(() => Float32Array.from(original.weightOutFirst().read()));
    this.weight = Nf4Weight.quantize(values, [outFeatures, inFeatures], options);
    for (const [name, buffer] of this.weight.namedBuffers()) this.addBuffer(name, buffer);
    this.bias = bias === undefined ? undefined : this.addParameter('bias', bias);
    original.weight.release();
  }

  /** A plain layer with the numbers that the codes stand for; the codes are released, the bias goes over. */
  toLinear(): Linear {
    const { inFeatures, outFeatures, layout, bias } = this;
    const source: ParameterSource = {
      child: () => source,
      parameter: (name, shape) => (name === 'bias' ? bias! : Parameter.filled(shape, 0, { storage: this.storage })),
    };
    const plain = new Linear(inFeatures, outFeatures, source, { bias: bias !== undefined, layout });
    plain.weight.requiresGrad = false;
    scope(() => plain.assignOutFirst(this.weight.dequantize(this.storage)));
    this.weight.release();
    return plain;
  }

  /** W x, without the bias. */
  product(x: Tensor): Tensor {
    return dequantizingLinear(x, this.weight);
  }

  /** The weight [out, in] as numbers, held as the original's were: a temporary of the innermost scope. */
  weightOutFirst(): Tensor {
    return this.weight.dequantize(this.storage);
  }

  protected forward(x: Tensor): Tensor {
    return dequantizingLinear(x, this.weight, this.bias);
  }
}
