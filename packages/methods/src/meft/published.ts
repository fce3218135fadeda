import {
  LayerNorm,
  Module,
  discardGradient,
  layerNorm,
  savingPolicy,
  type Parameter,
  type Tensor,
} from '@leantune/core';
import type { TransformerModel } from '@leantune/models';

/**
 * So that PyTorch's autograd reaches its reversible layers, the published code marks the normalisation of BERT's
 * embeddings as trained and throws the gradient away: with the saving policy `pytorch` we keep what that keeps.
 */
class ReachedNorm extends Module<[x: Tensor], Tensor> {
  constructor(
    private readonly norm: LayerNorm,
    private readonly anchor: Parameter,
  ) {
    super();
    this.addChild('', norm);
  }

  protected forward(x: Tensor): Tensor {
    const { weight, bias, epsilon } = this.norm;
    if (savingPolicy() === 'lean') return this.norm.call(x);
    return layerNorm(x, discardGradient(weight, this.anchor), bias, epsilon);
  }
}

/** @param anchor any parameter that is trained */
export function reachEmbeddings(model: TransformerModel, anchor: Parameter): void {
  for (const site of model.sites) {
    const { module, address } = site;
    if (address.name === 'embeddings.norm' && module instanceof LayerNorm) {
      site.wrap(() => new ReachedNorm(module, anchor));
    }
  }
}

/** What the lowest adapted layer reads: elsewhere the published code trains something below it, to the same end. */
export function reachedInput(x: Tensor, anchor: Parameter): Tensor {
  return savingPolicy() === 'lean' || x.requiresGrad ? x : discardGradient(x, anchor);
}
