import { differentiable } from '../autograd/differentiable.js';
import { savingPolicy } from '../autograd/policy.js';
import type { SavedValue } from '../autograd/saved.js';
import {
  countLabels,
  crossEntropyGradient,
  crossEntropySum,
  ignoredLabel,
  storageOfLogits,
  type LabelParts,
} from '../kernels/crossEntropy.js';
import { divide, multiply, square, subtract } from '../kernels/elementwise.js';
import { sum } from '../kernels/reduce.js';
import { castStorage, heldAs } from '../kernels/storage.js';
import { withCategory } from '../tensor/runtime.js';
import type { Tensor } from '../tensor/tensor.js';

export { ignoredLabel };

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
    const { parts, count } = withCategory('batch', () => countLabels(labels, logits.shape[1]!));
    const storage = storageOfLogits(logits, parts);
    const normalised = savingPolicy() === 'pytorch' && context.needs('logits');
    const { total, logProbabilities } = crossEntropySum(castStorage(logits, storage), parts, {
      wantsLogProbabilities: normalised,
    });
    const restore = context.needs('logits') ? save() : undefined;
    return {
      output: divide(total, count),
      backward: (gradOutput) => {
        if (restore === undefined) return {};
        const kept = restore();
        const weight = divide(gradOutput, kept.count);
        const values = normalised ? kept.values : heldAs(kept.values, storage);
        const gradient = crossEntropyGradient(values, kept.parts, weight, {
          storage: logits.storageDtype,
          normalised,
        });
        return { logits: gradient };
      },
    };

    function save() {
      const batch = savedLabels(parts, (tensor) => context.saveWhole(tensor));
      const savedCount = context.saveWhole(count);
      const saved = context.save(logProbabilities ?? logits);
      return () => ({ parts: batch(), count: savedCount.get(), values: saved.get() });
    }
  });
}

/** Keeps the labels of a batch alive until the backward pass reads them. */
export function savedLabels(parts: LabelParts, save: (tensor: Tensor) => SavedValue): () => LabelParts {
  if ('labels' in parts) {
    const labels = save(parts.labels);
    return () => ({ labels: labels.get() });
  }
  const [valid, places] = [save(parts.valid), save(parts.places)];
  return () => ({ valid: valid.get(), places: places.get() });
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
