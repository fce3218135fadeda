import type { StreamKey } from '../random/stream.js';
import type { TokenSelection } from '../tensor/selection.js';
import type { Tensor } from '../tensor/tensor.js';
import { consume, hasFusedKernel, runKernel } from './dispatch.js';
import { cast, greaterEqual, multiply } from './elementwise.js';
import { uniform } from './random.js';
import { gather, reshape } from './shape.js';

/**
 * Inverted dropout: x ∘ m / (1 - rate), where an element stays (m = 1) if the uniform number that its stream has at its
 * place is not below the rate. Every form draws the same bits.
 */

/** A dropout that can be replayed: its rate and the stream that draws its mask. */
export interface DropoutStream {
  /** Probability that an element is dropped, in [0, 1). */
  readonly rate: number;
  readonly key: StreamKey;
}

/** m as bool of `shape`, from `rate` and `seed`. */
export const keepMaskKernelName = 'LeantuneKeepMask';
/** x ∘ mask / (1 - `rate`) of { x, mask }. */
export const applyKeepMaskKernelName = 'LeantuneApplyKeepMask';
/** The same of { x } without a mask, from `rate` and `seed`; with { rows } x holds these rows of what was drawn for. */
export const dropoutKernelName = 'LeantuneDropout';

/** Which elements stay: bool of `shape`, the same at every call. */
export function keepMask(shape: readonly number[], { rate, key }: DropoutStream): Tensor {
  return hasFusedKernel(keepMaskKernelName)
    ? runKernel(keepMaskKernelName, {}, { shape: [...shape], rate, seed: [...key] })
    : greaterEqual(consume(uniform(shape, key)), rate);
}

/** x / (1 - rate) where the mask is true, else 0. */
export function applyKeepMask(x: Tensor, mask: Tensor, rate: number): Tensor {
  if (hasFusedKernel(applyKeepMaskKernelName)) return runKernel(applyKeepMaskKernelName, { x, mask }, { rate });
  const factors = consume(multiply(consume(cast(mask, 'float32', x.storageDtype)), 1 / (1 - rate)));
  return multiply(x, factors);
}

/**
 * x with dropped elements, the mask drawn on the way.
 * @param shape of the whole: with `selection` [batch, length, ...], of which x [batch, tokens, ...] are the selected rows
 */
export function dropElements(
  x: Tensor,
  shape: readonly number[],
  stream: DropoutStream,
  selection: TokenSelection | undefined,
): Tensor {
  const { rate, key } = stream;
  if (hasFusedKernel(dropoutKernelName)) {
    return runKernel(dropoutKernelName, { x, rows: selection?.rows }, { rate, seed: [...key] });
  }
  const mask = keepMask(shape, stream);
  return applyKeepMask(x, consume(selection === undefined ? mask : selectedRows(consume(mask), selection)), rate);
}

function selectedRows(mask: Tensor, { batch, length, tokens, rows }: TokenSelection): Tensor {
  const features = mask.shape.slice(2);
  const flat = consume(reshape(mask, [batch * length, ...features]));
  return reshape(consume(gather(flat, rows)), [batch, tokens, ...features]);
}
