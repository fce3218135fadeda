import { scope } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import { consume } from './dispatch.js';
import { divide, squareRoot, subtract } from './elementwise.js';
import { sumOfSquares } from './reduce.js';

/** ‖a - b‖ / ‖b‖ over all elements: a scalar. */
export function relativeDistance(a: Tensor, b: Tensor): Tensor {
  return scope(() => {
    const ratio = divide(sumOfSquares(consume(subtract(a, b))), sumOfSquares(b));
    return squareRoot(ratio);
  });
}
