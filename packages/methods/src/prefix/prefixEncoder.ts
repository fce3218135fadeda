import {
  Linear,
  Module,
  Parameter,
  RandomParameterSource,
  RandomStream,
  elementCount,
  holdsValues,
  sliceFeatures,
  tanh,
  type Initializer,
  type ParameterSource,
  type Tensor,
} from '@leantune/core';
import type { PrefixStates } from '@leantune/models';

export interface PrefixShape {
  /** Virtual tokens. */
  readonly length: number;
  readonly layers: number;
  /** Features of the keys, and of the values, of one token. */
  readonly keyValueWidth: number;
  /** Width of the network that makes the prefix; absent: its values are the parameters. */
  readonly projection?: number | undefined;
}

/**
 * Keys and values of the virtual tokens of every layer (Li and Liang 2021, section 4.2), plain or reparameterised
 * (section 4.3): embedding → linear → tanh → linear. Of the features [layers · 2 · keyValueWidth] of a virtual token, entry
 * 2l is the key of layer l and entry 2l + 1 its value. Named and started as PEFT does.
 */
export class PrefixEncoder extends Module<[], PrefixStates[]> {
  private readonly embedding: Parameter;
  private readonly transform: { readonly inner: Linear; readonly outer: Linear } | undefined;

  constructor(
    readonly shape: PrefixShape,
    seed: number,
    name: string,
  ) {
    super();
    const { length, layers, keyValueWidth, projection } = shape;
    const width = 2 * layers * keyValueWidth;
    const normal = new RandomParameterSource(seed, 1, `${name}.`);
    const features = projection === undefined ? width : keyValueWidth;
    this.embedding = this.addParameter(embeddingName, normal.parameter(embeddingName, [length, features], 'normal'));
    if (projection === undefined) return;
    const linear = (child: string, from: number, to: number) =>
      this.addChild(child, new Linear(from, to, new TorchLinearSource(seed, from, `${name}.${child}.`)));
    this.transform = {
      inner: linear('transform.0', keyValueWidth, projection),
      outer: linear('transform.2', projection, width),
    };
  }

  /** All features of every virtual token: [length, layers · 2 · keyValueWidth]. */
  promptEmbeddings(): Tensor {
    const { embedding, transform } = this;
    return transform === undefined ? embedding : transform.outer.call(tanh(transform.inner.call(embedding)));
  }

  /** Keys and values by layer. */
  protected forward(): PrefixStates[] {
    const { layers, keyValueWidth } = this.shape;
    const all = this.promptEmbeddings();
    const entry = (index: number) => sliceFeatures(all, index * keyValueWidth, keyValueWidth);
    return Array.from({ length: layers }, (_, layer) => ({ key: entry(2 * layer), value: entry(2 * layer + 1) }));
  }
}

/** PyTorch's name of an embedding's parameter. */
const embeddingName = 'embedding.weight';

/** PyTorch's start of a linear layer: weight and bias uniform in ±1/√in. */
class TorchLinearSource implements ParameterSource {
  constructor(
    private readonly seed: number,
    private readonly inFeatures: number,
    private readonly prefix: string,
  ) {}

  child(name: string): ParameterSource {
    return new TorchLinearSource(this.seed, this.inFeatures, `${this.prefix}${name}.`);
  }

  parameter(name: string, shape: readonly number[], _initializer: Initializer): Parameter {
    // Where only shapes are kept, nothing is drawn.
    if (!holdsValues()) return Parameter.filled(shape, 0);
    const stream = new RandomStream(this.seed, 'initialization', this.prefix + name);
    const bound = 1 / Math.sqrt(this.inFeatures);
    const values = Float32Array.from({ length: elementCount(shape) }, () => (2 * stream.uniform() - 1) * bound);
    return Parameter.from(values, shape);
  }
}
