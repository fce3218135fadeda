import { differentiable } from '../autograd/differentiable.js';
import { LeantuneError } from '../errors/errors.js';
import { runKernel } from '../kernels/dispatch.js';
import { matMul } from '../kernels/linearAlgebra.js';
import { reshape, slice } from '../kernels/shape.js';
import { messages } from '../messages.js';
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
      x: runKernel(
        'PadV2',
        { x: reshape(gradOutput, [batch, 1, features]) },
        {
          paddings: [
            [0, 0],
            [position, length - position - 1],
            [0, 0],
          ],
          constantValue: 0,
        },
      ),
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
    const saved = context.needs('x') ? context.save(weights) : undefined;
    return {
      output: reshape(matMul(weights, x), [batch, features]),
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
