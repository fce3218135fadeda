import { differentiable } from '../autograd/differentiable.js';
import {
  cast,
  divide,
  exponential,
  logarithm,
  maximum,
  multiply,
  notEqual,
  square,
  subtract,
} from '../kernels/elementwise.js';
import { runKernel } from '../kernels/dispatch.js';
import { max, sum } from '../kernels/reduce.js';
import { reshape } from '../kernels/shape.js';
import { withCategory } from '../tensor/runtime.js';
import { tensorFrom, type Tensor } from '../tensor/tensor.js';

/** Label of rows that do not count (PyTorch's ignore_index). */
export const ignoredLabel = -100;

/**
 * Mean cross-entropy over the rows whose label is not -100 (torch.nn.functional.cross_entropy). With no such row
 * the loss is 0 and so is its gradient, where PyTorch gives NaN.
 *
 * Saves: the log-probabilities.
 * @param logits [rows, classes]
 * @param labels int32 [rows]
 * @returns scalar
 */
export function crossEntropy(logits: Tensor, labels: Tensor): Tensor {
  return differentiable('crossEntropy', { logits }, (context) => {
    const [rows, classes] = logits.shape as [number, number];
    const { targets, count } = withCategory('batch', () => oneHotTargets(labels, rows, classes));
    const shifted = subtract(logits, max(logits, [1], true));
    const logProbabilities = subtract(shifted, logarithm(sum(exponential(shifted), [1], true)));
    const output = divide(sum(multiply(logProbabilities, targets)), multiply(count, -1));
    const saved = context.needs('logits')
      ? { log: context.save(logProbabilities), targets: context.save(targets), count: context.save(count) }
      : undefined;
    return {
      output,
      backward: (gradOutput) => {
        if (saved === undefined) return {};
        const target = saved.targets.get();
        // (softmax - target) on the rows that count, divided by their number
        const rowCounts = sum(target, [1], true);
        const difference = subtract(multiply(exponential(saved.log.get()), rowCounts), target);
        return { logits: multiply(difference, divide(gradOutput, saved.count.get())) };
      },
    };
  });
}

/** One-hot rows (all zero for ignored labels) and the number of rows that count, at least 1. */
function oneHotTargets(labels: Tensor, rows: number, classes: number): { targets: Tensor; count: Tensor } {
  const ignored = tensorFrom(new Int32Array(rows).fill(ignoredLabel), [rows], 'int32');
  const valid = cast(notEqual(labels, ignored), 'float32');
  const safe = cast(multiply(cast(labels, 'float32'), valid), 'int32');
  const oneHot = runKernel('OneHot', { indices: safe }, { depth: classes, onValue: 1, offValue: 0, dtype: 'int32' });
  // The WebAssembly kernel writes integers whatever it was asked for.
  const targets = multiply(cast(oneHot, 'float32'), reshape(valid, [rows, 1]));
  return { targets, count: maximum(sum(valid), 1) };
}

/**
 * Mean squared error (torch.nn.functional.mse_loss).
 *
 * Saves: the difference.
 * @param predictions [rows]
 * @param targets float32 [rows]
 * @returns scalar
 */
export function meanSquaredError(predictions: Tensor, targets: Tensor): Tensor {
  return differentiable('meanSquaredError', { predictions }, (context) => {
    const difference = subtract(predictions, targets);
    const saved = context.needs('predictions') ? context.save(difference) : undefined;
    return {
      output: multiply(sum(square(difference)), 1 / predictions.size),
      backward: (gradOutput) => ({
        predictions: saved && multiply(multiply(saved.get(), 2 / predictions.size), gradOutput),
      }),
    };
  });
}
