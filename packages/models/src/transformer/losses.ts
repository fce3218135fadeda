import {
  crossEntropy,
  ignoredLabel,
  meanSquaredError,
  reshape,
  scale,
  add,
  sliceFeatures,
  type Batch,
  type DeviceBatch,
  type Tensor,
  type TokenSelection,
} from '@leantune/core';
import { batchTensor } from './positions.js';

/** Loss of one vector of logits for each row: cross-entropy, or mean squared error of a regression. */
export function sequenceLoss(kind: 'classification' | 'regression', logits: Tensor, batch: DeviceBatch): Tensor {
  if (kind === 'classification') return crossEntropy(logits, batch.labels);
  return meanSquaredError(reshape(logits, [batch.size]), batch.labels);
}

/**
 * Mean cross-entropy of the first and of the last token of the answer, halved as Hugging Face does.
 * @param logits [batch, tokens, 2] of the selected tokens, or of all
 * Labels [batch, 2] are positions; those beyond the text, and unselected ones, do not count, negative ones are the first
 * token, as in Hugging Face's loss.
 */
export function spanLoss(logits: Tensor, { host, size, selection }: DeviceBatch): Tensor {
  const tokens = logits.shape[1]!;
  const slots = (side: number) =>
    Int32Array.from({ length: size }, (_, row) => {
      const position = Math.max(0, host.labels.data[2 * row + side]!);
      if (selection !== undefined) return selection.slotOf(row, position) ?? ignoredLabel;
      return position < tokens ? position : ignoredLabel;
    });
  // A padded slot repeats another token, which must not count twice.
  const padded = selection?.slotMask && paddedSlots(selection);
  const side = (index: number) => {
    const scores = reshape(sliceFeatures(logits, index, 1), [size, tokens]);
    return crossEntropy(
      padded === undefined ? scores : add(scores, padded),
      batchTensor({ dtype: 'int32', shape: [size], data: slots(index) }),
    );
  };
  return scale(add(side(0), side(1)), 0.5);
}

/** What hides the padded slots of a selection from a softmax: [batch, tokens]. */
function paddedSlots({ batch, tokens, mask }: TokenSelection): Tensor {
  const hiding = Float32Array.from(mask, (real) => (real === 1 ? 0 : -1e30));
  return batchTensor({ dtype: 'float32', shape: [batch, tokens], data: hiding });
}

/**
 * Mean cross-entropy of every token's successor over the labels that are not -100.
 * @param logits [batch, tokens, vocabulary] of the selected tokens, or of all
 * @param labels label of each token's successor: [batch · length] in row-major order
 */
export function nextTokenLoss(logits: Tensor, labels: Int32Array, selection: TokenSelection | undefined): Tensor {
  const [batch, tokens, vocabulary] = logits.shape as [number, number, number];
  const rows = batch * tokens;
  const rowLabels = batchTensor({ dtype: 'int32', shape: [rows], data: labelsOfRows(labels, selection) });
  return crossEntropy(reshape(logits, [rows, vocabulary]), rowLabels);
}

/** Labels [size, length] of a language-modelling batch, one place earlier: what each token should predict. */
export function nextTokenLabels({ size, length, inputs, labels }: Batch): Int32Array {
  // Where a method has arranged the tokens anew, it has moved each label to its token.
  if (inputs.nextTokenLabels !== undefined) return inputs.nextTokenLabels.data as Int32Array;
  const shifted = new Int32Array(size * length).fill(ignoredLabel);
  for (let row = 0; row < size; row++) {
    shifted.set((labels.data as Int32Array).subarray(row * length + 1, (row + 1) * length), row * length);
  }
  return shifted;
}

/** Label of every row of logits: of every slot where there is a selection; padded slots do not count. */
export function labelsOfRows(labels: Int32Array, selection: TokenSelection | undefined): Int32Array {
  if (selection === undefined) return labels;
  const { length, tokens, positions, mask } = selection;
  return positions.map((position, slot) =>
    mask[slot] === 0 ? ignoredLabel : labels[Math.floor(slot / tokens) * length + position]!,
  );
}
