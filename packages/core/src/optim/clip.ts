import { sumOfSquares } from '../kernels/reduce.js';
import { holdsValues } from '../tensor/runtime.js';
import { scope } from '../tensor/scope.js';
import type { NamedParameter } from './optimizer.js';

/** L2 norm over all gradients that exist, as one vector; undefined on a backend without values. */
export function gradientNorm(parameters: readonly NamedParameter[]): number | undefined {
  let total = 0;
  for (const [, { gradient }] of parameters) {
    if (gradient === undefined) continue;
    scope(() => {
      const squares = sumOfSquares(gradient);
      if (holdsValues()) total += squares.item();
    });
  }
  return holdsValues() ? Math.sqrt(total) : undefined;
}

/** Factor of torch.nn.utils.clip_grad_norm_: maxNorm / (norm + 1e-6), at most 1. */
export function clipFactor(norm: number, maxNorm: number): number {
  return Math.min(1, maxNorm / (norm + 1e-6));
}
