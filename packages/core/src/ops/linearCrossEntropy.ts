import { differentiable } from '../autograd/differentiable.js';
import { consume } from '../kernels/dispatch.js';
import { add, divide, multiply, subtract } from '../kernels/elementwise.js';
import { biasedMatMul, matMul } from '../kernels/linearAlgebra.js';
import { softmax, sum } from '../kernels/reduce.js';
import { concatenate, gather, reshape, scatterAdd, slice } from '../kernels/shape.js';
import { castStorage, statisticsStorage } from '../kernels/storage.js';
import { withCategory } from '../tensor/runtime.js';
import { scope } from '../tensor/scope.js';
import { tensorFrom, type Tensor } from '../tensor/tensor.js';
import type { StorageDType } from '../tensor/dtype.js';
import { forProduct } from './cast.js';
import type { WeightLayout } from './linear.js';
import { labelPlaces, logSumExp } from './loss.js';

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
    const storage = statisticsStorage(x);
    const chunks = rowChunks(rows, features, classes);
    const { valid, places, count } = withCategory('batch', () => labelPlaces(labels, rows, classes));

    const part = (of: Tensor, { begin, size }: Chunk) =>
      size === rows ? of : slice(of, [begin, ...of.shape.slice(1).map(() => 0)], [size, ...of.shape.slice(1)]);
    /** Where the labels of a chunk stand in its own [size · classes]. */
    const placesOf = (all: Tensor, chunk: Chunk) =>
      chunk.begin === 0
        ? part(all, chunk)
        : subtract(part(all, chunk), tensorFrom([chunk.begin * classes], [1], 'int32'));
    const logitsOf = (input: Tensor, head: Tensor, shift: Tensor | undefined) =>
      widened(biasedMatMul(input, head, shift, outFirst), storage);

    let total: Tensor | undefined;
    for (const chunk of chunks) {
      const before = total;
      total = scope(() => {
        const logits = logitsOf(part(x, chunk), weight, bias);
        const picked = gather(reshape(logits, [chunk.size * classes, 1]), placesOf(places, chunk)); // [size, 1]
        const losses = consume(multiply(consume(subtract(logSumExp(logits), picked)), part(valid, chunk)));
        const loss = sum(losses);
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
            const weights = multiply(part(kept.valid, chunk), perRow); // [size, 1]
            const probabilities = consume(softmax(consume(logitsOf(rowsOfX, kept.weight, kept.bias))));
            const weighted = consume(multiply(probabilities, weights));
            const labelled = scatterAdd(placesOf(kept.places, chunk), weights, chunk.size * classes);
            const oneHot = consume(reshape(consume(labelled), [chunk.size, classes]));
            const grad = subtract(weighted, oneHot, x.storageDtype); // of the logits
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
      const batch = [valid, places, count].map((tensor) => context.saveWhole(tensor));
      return () => ({
        x: savedX.get(),
        weight: savedWeight.get(),
        bias: savedBias?.get(),
        valid: batch[0]!.get(),
        places: batch[1]!.get(),
        count: batch[2]!.get(),
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
