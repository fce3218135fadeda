import { differentiable } from '../autograd/differentiable.js';
import { savingPolicy } from '../autograd/policy.js';
import { applyKeepMask, dropElements, keepMask, type DropoutStream } from '../kernels/dropout.js';
import type { Tensor } from '../tensor/tensor.js';

/**
 * Inverted dropout, as torch.nn.functional.dropout in training mode.
 *
 * Saves under `pytorch`: the mask, one byte an element (as CUDA's fused dropout); under `lean`: nothing, the mask is
 * drawn again from its stream, and consumers recompute the output from x.
 * @param x [batch, length, ...] where it carries a selection, else any shape
 */
export function dropout(x: Tensor, stream: DropoutStream): Tensor {
  if (stream.rate === 0) return x;
  return differentiable('dropout', { x }, (context) => {
    const { selection, shape } = x;
    if (context.needs('x') && savingPolicy() === 'pytorch') {
      const mask = keepMask(shape, stream);
      mask.selection = selection;
      const savedMask = context.save(mask);
      return {
        output: applyKeepMask(x, mask, stream.rate),
        backward: (gradOutput) => ({ x: applyKeepMask(gradOutput, savedMask.get(), stream.rate) }),
      };
    }
    return {
      output: dropElements(x, shape, stream, undefined),
      recipe: { sources: [x], compute: ([source], rows) => dropElements(source!, shape, stream, rows) },
      backward: (gradOutput) => ({ x: dropElements(gradOutput, shape, stream, selection) }),
    };
  });
}
