import { differentiable } from '../autograd/differentiable.js';
import { LeantuneError } from '../errors/errors.js';
import { matMul } from '../kernels/linearAlgebra.js';
import { concatenate, gather, padZeros, reshape, scatterAdd, slice } from '../kernels/shape.js';
import { castStorage } from '../kernels/storage.js';
import { messages } from '../messages.js';
import { withCategory } from '../tensor/runtime.js';
import type { Tensor } from '../tensor/tensor.js';

/**
 * Ends a token selection: the selected rows as an ordinary tensor [batch, tokens, features]; x itself where it
 * carries none. Saves nothing.
 */
export function selectedRows(x: Tensor): Tensor {
  const { selection } = x;
  if (selection === undefined) return x;
  return differentiable('selectedRows', { x }, () => ({
    output: selection.gatherRows(x),
    selection: undefined,
    // The gradient of a tensor with a selection has only the selected rows: nothing to do.
    backward: (gradOutput) => ({ x: gradOutput }),
  }));
}

/** The vector of one token: x [batch, length, features] → [batch, features]. Saves nothing. */
export function tokenAt(x: Tensor, position: number): Tensor {
  assertNoSelection('tokenAt', x);
  const [batch, length, features] = x.shape as [number, number, number];
  return differentiable('tokenAt', { x }, () => ({
    output: reshape(slice(x, [0, position, 0], [batch, 1, features]), [batch, features]),
    backward: (gradOutput) => ({
      x: padZeros(reshape(gradOutput, [batch, 1, features]), [
        [0, 0],
        [position, length - position - 1],
        [0, 0],
      ]),
    }),
  }));
}

/**
 * The vectors of one token a row: x [batch, length, features] → [batch, features]. Saves: the rows (part of the batch).
 * @param rows int32 [batch], row · length + position
 */
export function tokensAt(x: Tensor, rows: Tensor): Tensor {
  assertNoSelection('tokensAt', x);
  const [batch, length, features] = x.shape as [number, number, number];
  return differentiable('tokensAt', { x }, (context) => {
    const saved = context.recording ? context.saveWhole(rows) : undefined;
    return {
      output: gather(reshape(x, [batch * length, features]), rows),
      backward: (gradOutput) => ({
        x: reshape(scatterAdd(saved!.get(), gradOutput, batch * length), [batch, length, features]),
      }),
    };
  });
}

/** One after another along the tokens: [batch, lengthᵢ, features] → [batch, Σ lengthᵢ, features]. Saves nothing. */
export function concatenateTokens(parts: readonly Tensor[]): Tensor {
  for (const part of parts) assertNoSelection('concatenateTokens', part);
  const inputs = Object.fromEntries(parts.entries());
  return differentiable('concatenateTokens', inputs, (context) => ({
    output: concatenate(parts, 1),
    backward: (gradOutput) => {
      const gradients: Record<string, Tensor> = {};
      let begin = 0;
      for (const [index, part] of parts.entries()) {
        const length = part.shape[1]!;
        if (context.needs(String(index))) gradients[index] = slice(gradOutput, [0, begin, 0], part.shape);
        begin += length;
      }
      return gradients;
    },
  }));
}

/** Columns [begin, begin + size) of the last axis: one of several projections computed at once. Saves nothing. */
export function sliceFeatures(x: Tensor, begin: number, size: number): Tensor {
  const features = x.shape.at(-1)!;
  const leading = x.shape.slice(0, -1);
  return differentiable('sliceFeatures', { x }, () => ({
    output: slice(x, [...leading.map(() => 0), begin], [...leading, size]),
    backward: (gradOutput) => ({
      x: padZeros(gradOutput, [...leading.map((): [number, number] => [0, 0]), [begin, features - begin - size]]),
    }),
  }));
}

/**
 * Weighted sum over tokens: weights [batch, 1, length] · x [batch, length, features] → [batch, features].
 * Saves: the weights, which are part of the batch and get no gradient.
 */
export function weightedTokenSum(x: Tensor, weights: Tensor): Tensor {
  assertNoSelection('weightedTokenSum', x);
  const [batch, , features] = x.shape as [number, number, number];
  return differentiable('weightedTokenSum', { x }, (context) => {
    const factors = withCategory('batch', () => castStorage(weights, x.storageDtype));
    const saved = context.needs('x') ? context.save(factors) : undefined;
    return {
      output: reshape(matMul(factors, x), [batch, features]),
      backward: (gradOutput) => ({
        x: saved && matMul(saved.get(), reshape(gradOutput, [batch, 1, features]), { transposeA: true }),
      }),
    };
  });
}

function assertNoSelection(operation: string, x: Tensor): void {
  if (x.selection !== undefined) {
    throw new LeantuneError(messages.selectionUnsupported(operation), { code: 'LEANTUNE_SELECTION' });
  }
}
