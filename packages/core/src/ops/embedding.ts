import { differentiable } from '../autograd/differentiable.js';
import { embeddingGradient } from '../kernels/embeddingGradient.js';
import { gather, reshape, toMatrix } from '../kernels/shape.js';
import { withCategory } from '../tensor/runtime.js';
import type { TokenSelection } from '../tensor/selection.js';
import type { Tensor } from '../tensor/tensor.js';

export interface EmbeddingOptions {
  /** The row of this index gets no gradient (PyTorch's padding_idx). */
  readonly paddingIndex?: number | undefined;
}

/**
 * Rows of `weight` by index. Saves: the indices (part of the batch). Where `ids` carry a token selection, only
 * the selected tokens' rows get a gradient and the output carries it on.
 * @param ids int32 [batch, length]
 * @param weight [vocabulary, features]
 * @returns [batch, length, features]
 */
export function embedding(ids: Tensor, weight: Tensor, { paddingIndex }: EmbeddingOptions = {}): Tensor {
  const { selection } = ids;
  return differentiable('embedding', { weight }, (context) => {
    const [vocabulary, features] = weight.shape as [number, number];
    const flat = reshape(ids, [ids.size]);
    const output = reshape(gather(weight, flat), [...ids.shape, features]);
    const savedIds = context.needs('weight') ? context.saveWhole(usedIds(flat, selection)) : undefined;
    return {
      output,
      selection,
      backward: (gradOutput) => {
        if (savedIds === undefined) return {};
        const grad = toMatrix(gradOutput); // [rows, features]
        return { weight: embeddingGradient(grad, savedIds.get(), { vocabulary, paddingIndex }) };
      },
    };
  });
}

function usedIds(flat: Tensor, selection: TokenSelection | undefined): Tensor {
  if (selection === undefined) return flat;
  return withCategory('batch', () => gather(flat, selection.rows));
}
