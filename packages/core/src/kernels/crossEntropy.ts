import type { StorageDType } from '../tensor/dtype.js';
import { tensorFrom, type Tensor } from '../tensor/tensor.js';
import { consume, hasFusedKernel, runKernel, runKernels } from './dispatch.js';
import { add, cast, exponential, logarithm, maximum, multiply, notEqual, subtract } from './elementwise.js';
import { max, softmax, sum } from './reduce.js';
import { gather, reshape, scatterAdd, slice } from './shape.js';
import { statisticsStorage } from './storage.js';

/** Label of rows that do not count (PyTorch's ignore_index). */
export const ignoredLabel = -100;

/**
 * { logits, labels } → [Σ over the rows that count of log Σ exp - logit of the label, with `wantsLogProbabilities` the
 * log-probabilities [rows, classes]], both float32, or float64 where the logits are.
 */
export const crossEntropyKernelName = 'LeantuneCrossEntropy';
/**
 * { values, labels, weight } → (softmax - one-hot) · weight on the rows that count, else 0; `values` are logits, or
 * log-probabilities with `normalised`.
 */
export const crossEntropyGradientKernelName = 'LeantuneCrossEntropyGradient';

/** The labels of some rows as the active backend reads them. */
export type LabelParts =
  | { /** int32 [rows] */ readonly labels: Tensor }
  | {
      /** [rows, 1]: 1, or 0 for rows that do not count. */
      readonly valid: Tensor;
      /** int32 [rows]: where each label stands in [rows · classes]; the row's first class where it does not count. */
      readonly places: Tensor;
    };

export interface CountedLabels {
  readonly parts: LabelParts;
  /** Scalar: how many rows count, at least 1. */
  readonly count: Tensor;
}

/** @param labels int32 [rows] */
export function countLabels(labels: Tensor, classes: number): CountedLabels {
  const rows = labels.size;
  const ignored = tensorFrom(new Int32Array(rows).fill(ignoredLabel), [rows], 'int32');
  const valid = cast(notEqual(labels, ignored), 'float32');
  const count = maximum(sum(valid), 1);
  if (hasFusedKernel(crossEntropyKernelName)) return { parts: { labels }, count };
  const safe = cast(multiply(cast(labels, 'float32'), valid), 'int32');
  const starts = tensorFrom(
    Int32Array.from({ length: rows }, (_, row) => row * classes),
    [rows],
    'int32',
  );
  return { parts: { valid: reshape(valid, [rows, 1]), places: add(safe, starts) }, count };
}

/** How logits must be held to be read here: in float32 at least, where the backend's kernel does not widen them itself. */
export function storageOfLogits(logits: Tensor, labels: LabelParts): StorageDType {
  return 'labels' in labels ? logits.storageDtype : statisticsStorage(logits);
}

/** The labels of `size` rows from `begin` on. */
export function labelsOfRows(parts: LabelParts, begin: number, size: number, classes: number): LabelParts {
  if ('labels' in parts) return { labels: slice(parts.labels, [begin], [size]) };
  const valid = slice(parts.valid, [begin, 0], [size, 1]);
  const places = slice(parts.places, [begin], [size]);
  if (begin === 0) return { valid, places };
  return { valid, places: subtract(consume(places), tensorFrom([begin * classes], [1], 'int32')) };
}

/**
 * Σ of the losses of the rows that count: a scalar; and the log-probabilities where they are wanted.
 * @param logits [rows, classes], held as `storageOfLogits`
 */
export function crossEntropySum(
  logits: Tensor,
  labels: LabelParts,
  { wantsLogProbabilities = false } = {},
): { readonly total: Tensor; readonly logProbabilities?: Tensor | undefined } {
  if ('labels' in labels) {
    const inputs = { logits, labels: labels.labels };
    const [total, logProbabilities] = runKernels(crossEntropyKernelName, inputs, { wantsLogProbabilities });
    return { total: total!, logProbabilities };
  }
  const [rows, classes] = logits.shape as [number, number];
  const normaliser = logSumExp(logits); // [rows, 1]
  const logProbabilities = wantsLogProbabilities ? subtract(logits, normaliser) : undefined;
  const picked = gather(reshape(logits, [rows * classes, 1]), labels.places); // [rows, 1]
  const losses = consume(subtract(consume(normaliser), consume(picked)));
  return { total: sum(consume(multiply(losses, labels.valid))), logProbabilities };
}

/**
 * The gradient of `crossEntropySum`.
 * @param values logits, held as `storageOfLogits`, or log-probabilities where `normalised`: [rows, classes]
 * @param weight factor of every row: a scalar
 * @param storage how the gradient is held
 */
export function crossEntropyGradient(
  values: Tensor,
  labels: LabelParts,
  weight: Tensor,
  { storage, normalised = false }: { readonly storage: StorageDType; readonly normalised?: boolean },
): Tensor {
  if ('labels' in labels) {
    const inputs = { values, labels: labels.labels, weight };
    return runKernel(crossEntropyGradientKernelName, inputs, { normalised, storage });
  }
  const [rows, classes] = values.shape as [number, number];
  const weights = multiply(labels.valid, weight); // [rows, 1]
  const probabilities = consume(normalised ? exponential(values) : softmax(values));
  const weighted = consume(multiply(probabilities, weights));
  const labelled = consume(scatterAdd(labels.places, consume(weights), rows * classes));
  return subtract(weighted, consume(reshape(labelled, [rows, classes])), storage);
}

/** log Σ exp over the last axis: [rows, classes] → [rows, 1]. */
function logSumExp(logits: Tensor): Tensor {
  const highest = max(logits, [1], true);
  const exponentials = consume(exponential(consume(subtract(logits, highest))));
  return add(consume(logarithm(consume(sum(exponentials, [1], true)))), consume(highest));
}
