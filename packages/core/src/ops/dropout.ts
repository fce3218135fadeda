import { differentiable } from '../autograd/differentiable.js';
import { savingPolicy } from '../autograd/policy.js';
import { consume } from '../kernels/dispatch.js';
import { cast, greaterEqual, multiply } from '../kernels/elementwise.js';
import { uniform } from '../kernels/random.js';
import { gather, reshape } from '../kernels/shape.js';
import type { StreamKey } from '../random/stream.js';
import type { TokenSelection } from '../tensor/selection.js';
import type { Tensor } from '../tensor/tensor.js';

/** A dropout that can be replayed: its rate and the stream that draws its mask. */
export interface DropoutStream {
  /** Probability that an element is dropped, in [0, 1). */
  readonly rate: number;
  readonly key: StreamKey;
}

/** Which elements stay: bool of `shape`, the same at every call. */
export function keepMask(shape: readonly number[], { rate, key }: DropoutStream): Tensor {
  return greaterEqual(consume(uniform(shape, key)), rate);
}

/** x / (1 - rate) where the mask is true, else 0. */
export function applyKeepMask(x: Tensor, mask: Tensor, rate: number): Tensor {
  const factors = consume(multiply(consume(cast(mask, 'float32', x.storageDtype)), 1 / (1 - rate)));
  return multiply(x, factors);
}

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
    const mask = keepMask(shape, stream);
    mask.selection = selection;
    const savedMask = context.needs('x') && savingPolicy() === 'pytorch' ? context.save(mask) : undefined;
    return {
      output: applyKeepMask(x, mask, stream.rate),
      recipe: {
        sources: [x],
        compute: ([source], rows) => applyKeepMask(source!, consume(replayMask(shape, stream, rows)), stream.rate),
      },
      backward: (gradOutput) => ({
        x: applyKeepMask(gradOutput, savedMask?.get() ?? consume(replayMask(shape, stream, selection)), stream.rate),
      }),
    };
  });
}

function replayMask(shape: readonly number[], stream: DropoutStream, selection: TokenSelection | undefined): Tensor {
  const mask = keepMask(shape, stream);
  if (selection === undefined) return mask;
  const features = shape.slice(2);
  const flat = consume(reshape(consume(mask), [selection.batch * selection.length, ...features]));
  return reshape(consume(gather(flat, selection.rows)), [selection.batch, selection.tokens, ...features]);
}
