import {
  Dropout,
  LayerNorm,
  Linear,
  Module,
  add,
  attention,
  gelu,
  geluTanh,
  relu,
  silu,
  tanh,
  type ParameterSource,
  type Tensor,
} from '@leantune/core';
import { Site } from '../sites/site.js';
import type { BertActivation, BertConfig } from './config.js';

const activations: Readonly<Record<BertActivation, (x: Tensor) => Tensor>> = {
  gelu,
  gelu_new: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  relu,
  silu,
  tanh,
};

/** Multi-head self-attention: query, key and value projections, named `attention.self` in checkpoints. */
class BertSelfAttention extends Module<[x: Tensor, mask: Tensor], Tensor> {
  readonly query: Site;
  readonly key: Site;
  readonly value: Site;
  private readonly dropout: Dropout;

  constructor(
    private readonly config: BertConfig,
    layer: number,
    source: ParameterSource,
  ) {
    super();
    const project = (name: string) =>
      this.addChild(
        name,
        new Site(
          { name: `attention.${name}`, stack: 'encoder', layer },
          new Linear(config.hiddenSize, config.hiddenSize, source.child(name)),
        ),
      );
    this.query = project('query');
    this.key = project('key');
    this.value = project('value');
    this.dropout = this.addChild('dropout', new Dropout(config.attentionDropout));
  }

  protected forward(x: Tensor, mask: Tensor): Tensor {
    return attention(this.query.call(x), this.key.call(x), this.value.call(x), {
      heads: this.config.attentionHeads,
      mask,
      dropout: this.dropout.stream(),
    });
  }
}

/** dense → dropout → LayerNorm(· + residual): the end of both sub-blocks. */
class BertOutput extends Module<[x: Tensor, residual: Tensor], Tensor> {
  readonly dense: Site;
  readonly norm: Site;
  private readonly dropout: Dropout;

  constructor(
    config: BertConfig,
    inFeatures: number,
    layer: number,
    names: { readonly dense: string; readonly norm: string },
    source: ParameterSource,
  ) {
    super();
    const at = (name: string) => ({ name, stack: 'encoder', layer }) as const;
    this.dense = this.addChild(
      'dense',
      new Site(at(names.dense), new Linear(inFeatures, config.hiddenSize, source.child('dense'))),
    );
    this.norm = this.addChild(
      'LayerNorm',
      new Site(at(names.norm), new LayerNorm(config.hiddenSize, config.layerNormEpsilon, source.child('LayerNorm'))),
    );
    this.dropout = this.addChild('dropout', new Dropout(config.hiddenDropout));
  }

  protected forward(x: Tensor, residual: Tensor): Tensor {
    return this.norm.call(add(this.dropout.call(this.dense.call(x)), residual));
  }
}

/** `attention` in checkpoints: self-attention and its output block. */
class BertAttention extends Module<[x: Tensor, mask: Tensor], Tensor> {
  readonly self: BertSelfAttention;
  readonly output: BertOutput;

  constructor(config: BertConfig, layer: number, source: ParameterSource) {
    super();
    this.self = this.addChild('self', new BertSelfAttention(config, layer, source.child('self')));
    const names = { dense: 'attention.output', norm: 'attention.norm' };
    this.output = this.addChild(
      'output',
      new BertOutput(config, config.hiddenSize, layer, names, source.child('output')),
    );
  }

  protected forward(x: Tensor, mask: Tensor): Tensor {
    return this.output.call(this.self.call(x, mask), x);
  }
}

/** dense → activation: the widening half of the feed-forward block. */
class BertIntermediate extends Module<[x: Tensor], Tensor> {
  readonly dense: Site;

  constructor(
    private readonly config: BertConfig,
    layer: number,
    source: ParameterSource,
  ) {
    super();
    this.dense = this.addChild(
      'dense',
      new Site(
        { name: 'ffn.up', stack: 'encoder', layer },
        new Linear(config.hiddenSize, config.intermediateSize, source.child('dense')),
      ),
    );
  }

  protected forward(x: Tensor): Tensor {
    return activations[this.config.hiddenActivation](this.dense.call(x));
  }
}

/** One post-LayerNorm encoder layer: x [batch, length, hidden] → the same shape. */
export class BertLayer extends Module<[x: Tensor, mask: Tensor], Tensor> {
  readonly attention: BertAttention;
  private readonly intermediate: BertIntermediate;
  private readonly output: BertOutput;
  /** The layer's sites in forward order. */
  readonly sites: readonly Site[];

  constructor(config: BertConfig, layer: number, source: ParameterSource) {
    super();
    this.attention = this.addChild('attention', new BertAttention(config, layer, source.child('attention')));
    this.intermediate = this.addChild(
      'intermediate',
      new BertIntermediate(config, layer, source.child('intermediate')),
    );
    const names = { dense: 'ffn.down', norm: 'ffn.norm' };
    this.output = this.addChild(
      'output',
      new BertOutput(config, config.intermediateSize, layer, names, source.child('output')),
    );
    const { self, output } = this.attention;
    this.sites = [
      self.query,
      self.key,
      self.value,
      output.dense,
      output.norm,
      this.intermediate.dense,
      this.output.dense,
      this.output.norm,
    ];
  }

  protected forward(x: Tensor, mask: Tensor): Tensor {
    const attended = this.attention.call(x, mask);
    return this.output.call(this.intermediate.call(attended), attended);
  }
}
