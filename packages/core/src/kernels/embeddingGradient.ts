import type { Tensor } from '../tensor/tensor.js';
import { consume, hasFusedKernel, runKernel } from './dispatch.js';
import { cast, multiply, notEqual } from './elementwise.js';
import { fill, reshape, scatterAdd } from './shape.js';

/** { gradOutput, ids } with `vocabulary` and `paddingIndex` (-1: none) → [vocabulary, features]. */
export const embeddingGradientKernelName = 'LeantuneEmbeddingGradient';

/**
 * Rows of gradOutput added up by id, without those of `paddingIndex`.
 * @param gradOutput [rows, features]
 * @param ids int32 [rows]
 * @returns [vocabulary, features]
 */
export function embeddingGradient(
  gradOutput: Tensor,
  ids: Tensor,
  { vocabulary, paddingIndex }: { readonly vocabulary: number; readonly paddingIndex?: number | undefined },
): Tensor {
  if (hasFusedKernel(embeddingGradientKernelName)) {
    return runKernel(
      embeddingGradientKernelName,
      { gradOutput, ids },
      { vocabulary, paddingIndex: paddingIndex ?? -1 },
    );
  }
  if (paddingIndex === undefined) return scatterAdd(ids, gradOutput, vocabulary);
  const padding = consume(fill([ids.size], paddingIndex, 'int32'));
  const real = cast(consume(notEqual(ids, padding)), 'float32', gradOutput.storageDtype);
  return scatterAdd(ids, multiply(gradOutput, consume(reshape(real, [ids.size, 1]))), vocabulary);
}
