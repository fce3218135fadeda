import { differentiable } from '../autograd/differentiable.js';
import { savingPolicy } from '../autograd/policy.js';
import { consume } from '../kernels/dispatch.js';
import {
  add,
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
import { max, softmax, sum } from '../kernels/reduce.js';
import { gather, reshape, scatterAdd } from '../kernels/shape.js';
import { castStorage, heldAs, statisticsStorage } from '../kernels/storage.js';
import { withCategory } from '../tensor/runtime.js';
import { tensorFrom, type Tensor } from '../tensor/tensor.js';

/** Label of rows that do not count (PyTorch's ignore_index). */
export const ignoredLabel = -100;

/**
 * Mean cross-entropy over the rows whose label is not -100 (torch.nn.functional.cross_entropy). With no such row
 * the loss is 0 and so is its gradient, where PyTorch gives NaN.
 *
 * Computed in float32 at least, whatever the logits are held as.
 * Saves under `pytorch`: the log-probabilities; under `lean`: the logits, which the caller holds anyway.
 * @param logits [rows, classes]
 * @param labels int32 [rows]
 * @returns scalar
 */
export function crossEntropy(logits: Tensor, labels: Tensor): Tensor {
  return differentiable('crossEntropy', { logits }, (context) => {
    const [rows, classes] = logits.shape as [number, number];
    const { valid, places, count } = withCategory('batch', () => labelPlaces(labels, rows, classes));
    const storage = statisticsStorage(logits);
    const wide = castStorage(logits, storage);
    const normaliser = logSumExp(wide); // [rows, 1]
    const logProbabilities = subtract(wide, normaliser);
    const picked = gather(reshape(logProbabilities, [rows * classes, 1]), places); // [rows, 1]
    const output = divide(sum(multiply(picked, valid)), multiply(count, -1));

    const restore = context.needs('logits') ? save() : undefined;
    return {
      output,
      backward: (gradOutput) => {
        if (restore === undefined) return {};
        const kept = restore();
        const weights = multiply(kept.valid, divide(gradOutput, kept.count)); // [rows, 1]
        // (softmax - one-hot) on the rows that count, divided by their number
        const probabilities = consume(multiply(consume(kept.probabilities()), weights));
        const oneHot = reshape(consume(scatterAdd(kept.places, weights, rows * classes)), [rows, classes]);
        return { logits: subtract(probabilities, consume(oneHot), logits.storageDtype) };
      },
    };

    function save() {
      const batch = [valid, places, count].map((tensor) => context.saveWhole(tensor));
      const lean = savingPolicy() === 'lean';
      const saved = context.save(lean ? logits : logProbabilities);
      return () => ({
        valid: batch[0]!.get(),
        places: batch[1]!.get(),
        count: batch[2]!.get(),
        probabilities: () => (lean ? softmax(heldAs(saved.get(), storage)) : exponential(saved.get())),
      });
    }
  });
}

/** log Σ exp over the last axis: [rows, classes] → [rows, 1]. */
export function logSumExp(logits: Tensor): Tensor {
  const highest = max(logits, [1], true);
  const exponentials = consume(exponential(consume(subtract(logits, highest))));
  return add(consume(logarithm(consume(sum(exponentials, [1], true)))), consume(highest));
}

/**
 * Which rows count ([rows, 1], 1 or 0), where each one's label stands in [rows · classes] (row 0 of the classes for
 * rows that do not count), and how many count, at least 1.
 */
export function labelPlaces(
  labels: Tensor,
  rows: number,
  classes: number,
): { valid: Tensor; places: Tensor; count: Tensor } {
  const ignored = tensorFrom(new Int32Array(rows).fill(ignoredLabel), [rows], 'int32');
  const valid = cast(notEqual(labels, ignored), 'float32');
  const safe = cast(multiply(cast(labels, 'float32'), valid), 'int32');
  const starts = tensorFrom(
    Int32Array.from({ length: rows }, (_, row) => row * classes),
    [rows],
    'int32',
  );
  return { valid: reshape(valid, [rows, 1]), places: add(safe, starts), count: maximum(sum(valid), 1) };
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
        predictions:
          saved && multiply(multiply(saved.get(), 2 / predictions.size), gradOutput, predictions.storageDtype),
      }),
    };
  });
}
