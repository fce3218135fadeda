import { sumOfSquares } from '../kernels/reduce.js';
import { scope } from '../tensor/scope.js';
import type { NamedParameter } from './optimizer.js';

/** L2 norm over all gradients that exist, as one vector. */
export function gradientNorm(parameters: readonly NamedParameter[]): number {
  let total = 0;
  for (const [, { gradient }] of parameters) {
    if (gradient !== undefined) total += scope(() => sumOfSquares(gradient).item());
  }
  return Math.sqrt(total);
}

/** Factor of torch.nn.utils.clip_grad_norm_: maxNorm / (norm + 1e-6), at most 1. */
export function clipFactor(norm: number, maxNorm: number): number {
  return Math.min(1, maxNorm / (norm + 1e-6));
}
