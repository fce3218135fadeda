import { concatenate, reshape } from '../kernels/shape.js';
import { sumOfSquares } from '../kernels/reduce.js';
import { castStorage } from '../kernels/storage.js';
import { holdsValues } from '../tensor/runtime.js';
import { scope } from '../tensor/scope.js';
import type { NamedParameter } from './optimizer.js';

/**
 * L2 norm over all gradients that exist, as one vector; undefined on a backend without values. The device is waited for
 * once.
 */
export function gradientNorm(parameters: readonly NamedParameter[]): number | undefined {
  const gradients = parameters.flatMap(([, { gradient }]) => (gradient === undefined ? [] : [gradient]));
  if (gradients.length === 0) return holdsValues() ? 0 : undefined;
  return scope(() => {
    const each = gradients.map((gradient) => scope(() => reshape(castStorage(sumOfSquares(gradient), 'float32'), [1])));
    const squares = each.length === 1 ? each[0]! : concatenate(each, 0); // [gradients]
    if (!holdsValues()) return undefined;
    return Math.sqrt(Float64Array.from(squares.read()).reduce((total, value) => total + value, 0));
  });
}

/** Factor of torch.nn.utils.clip_grad_norm_: maxNorm / (norm + 1e-6), at most 1. */
export function clipFactor(norm: number, maxNorm: number): number {
  return Math.min(1, maxNorm / (norm + 1e-6));
}
