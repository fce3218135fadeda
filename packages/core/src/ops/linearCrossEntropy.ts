import { differentiable } from '../autograd/differentiable.js';
import {
  countLabels,
  crossEntropyGradient,
  crossEntropySum,
  labelsOfRows,
  storageOfLogits,
  type LabelParts,
} from '../kernels/crossEntropy.js';
import { consume } from '../kernels/dispatch.js';
import { add, divide } from '../kernels/elementwise.js';
import { biasedMatMul, matMul } from '../kernels/linearAlgebra.js';
import { sum } from '../kernels/reduce.js';
import { concatenate, slice } from '../kernels/shape.js';
import { castStorage } from '../kernels/storage.js';
import { withCategory } from '../tensor/runtime.js';
import { scope } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import type { StorageDType } from '../tensor/dtype.js';
import { forProduct } from './cast.js';
import type { WeightLayout } from './linear.js';
import { savedLabels } from './loss.js';

/** The last layer of a language model. */
export interface LanguageHead {
  /** [classes, features], or [features, classes] by `layout`. */
  readonly weight: Tensor;
  /** [classes]; or [1, classes] where it is not trained */
  readonly bias?: Tensor | undefined;
  readonly layout?: WeightLayout | undefined;
}

/**
 * crossEntropy(linear(x, weight, bias), labels) without the logits: they are computed in chunks of rows, again in the
 * backward pass, and a chunk holds no more numbers than x. With a vocabulary far larger than the features, logits and
 * their gradient would be the largest tensors of the whole step.
 *
 * Saves: x, and the labels, which are part of the batch.
 * @param x [rows, features]
 * @param labels int32 [rows]; rows with -100 do not count
 * @returns scalar
 */
export function linearCrossEntropy(
  x: Tensor,
  { weight, bias, layout = 'out-in' }: LanguageHead,
  labels: Tensor,
): Tensor {
  [x, weight, bias] = forProduct(x, weight, bias);
  return differentiable('linearCrossEntropy', { x, weight, bias }, (context) => {
    const outFirst = layout === 'out-in';
    const [rows, features] = x.shape as [number, number];
    const classes = weight.shape[outFirst ? 0 : 1]!;
    const chunks = rowChunks(rows, features, classes);
    const { parts, count } = withCategory('batch', () => countLabels(labels, classes));
    const storage = storageOfLogits(x, parts);

    const part = (of: Tensor, { begin, size }: Chunk) =>
      size === rows ? of : slice(of, [begin, ...of.shape.slice(1).map(() => 0)], [size, ...of.shape.slice(1)]);
    const labelsOf = (all: LabelParts, { begin, size }: Chunk) =>
      size === rows ? all : labelsOfRows(all, begin, size, classes);
    const logitsOf = (input: Tensor, head: Tensor, shift: Tensor | undefined) =>
      widened(biasedMatMul(input, head, shift, outFirst), storage);

    let total: Tensor | undefined;
    for (const chunk of chunks) {
      const before = total;
      total = scope(() => {
        const logits = logitsOf(part(x, chunk), weight, bias);
        const { total: loss } = crossEntropySum(logits, labelsOf(parts, chunk));
        return before === undefined ? loss : add(before, loss);
      });
    }
    const output = divide(total!, count);
    const restore = context.recording ? save() : undefined;
    return {
      output,
      backward: (gradOutput) => {
        const kept = restore!();
        const perRow = divide(gradOutput, kept.count); // scalar
        const inputs: Tensor[] = [];
        let weightGradient: Tensor | undefined;
        let biasGradient: Tensor | undefined;
        const added = (sumSoFar: Tensor | undefined, next: Tensor | undefined) =>
          sumSoFar === undefined || next === undefined ? next : add(consume(sumSoFar), consume(next));
        for (const chunk of chunks) {
          const gradients = scope(() => {
            const rowsOfX = part(kept.x, chunk);
            const logits = consume(logitsOf(rowsOfX, kept.weight, kept.bias));
            const grad = crossEntropyGradient(logits, labelsOf(kept.parts, chunk), perRow, {
              storage: x.storageDtype,
            });
            return {
              x: context.needs('x') ? matMul(grad, kept.weight, { transposeB: !outFirst }) : undefined,
              weight: !context.needs('weight')
                ? undefined
                : outFirst
                  ? matMul(grad, rowsOfX, { transposeA: true })
                  : matMul(rowsOfX, grad, { transposeA: true }),
              bias: context.needs('bias') ? sum(grad, [0]) : undefined,
            };
          });
          if (gradients.x !== undefined) inputs.push(gradients.x);
          weightGradient = added(weightGradient, gradients.weight);
          biasGradient = added(biasGradient, gradients.bias);
        }
        return {
          x: inputs.length > 1 ? concatenate(inputs, 0) : inputs[0],
          weight: weightGradient,
          bias: biasGradient,
        };
      },
    };

    function save() {
      const [savedX, savedWeight] = [context.save(x), context.saveWhole(weight)];
      const savedBias = bias && context.saveWhole(bias);
      const batch = savedLabels(parts, (tensor) => context.saveWhole(tensor));
      const savedCount = context.saveWhole(count);
      return () => ({
        x: savedX.get(),
        weight: savedWeight.get(),
        bias: savedBias?.get(),
        parts: batch(),
        count: savedCount.get(),
      });
    }
  });
}

interface Chunk {
  readonly begin: number;
  readonly size: number;
}

/** Rows whose logits are no more numbers than x has, at least one. */
function rowChunks(rows: number, features: number, classes: number): Chunk[] {
  const size = Math.min(rows, Math.max(1, Math.floor((rows * features) / classes)));
  return Array.from({ length: Math.ceil(rows / size) }, (_, index) => ({
    begin: index * size,
    size: Math.min(size, rows - index * size),
  }));
}

/** Held as `storage`; a narrower temporary is released. */
function widened(logits: Tensor, storage: StorageDType): Tensor {
  return logits.storageDtype === storage ? logits : castStorage(consume(logits), storage);
}
