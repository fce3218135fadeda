import {
  Linear,
  linearCrossEntropy,
  memoryMeter,
  noGrad,
  reshape,
  savingPolicy,
  stepContext,
  type ModelOutput,
  type Tensor,
  type TokenSelection,
} from '@leantune/core';
import { labelsOfRows, nextTokenLoss } from './losses.js';
import { batchTensor } from './positions.js';
import type { Site } from './site.js';

/**
 * Loss and logits of a language model. In training under `lean`, logits are computed where somebody reads them and for
 * nothing else: the loss takes them in chunks.
 * @param hidden [batch, tokens, hidden] of the selected tokens, or of all
 * @param labels label of each token's successor: [batch · length] in row-major order
 */
export function languageModelOutput(
  head: Site,
  hidden: Tensor,
  labels: Int32Array,
  selection: TokenSelection | undefined,
): ModelOutput {
  const linear = head.module;
  // A method may have wrapped the head, or put another module there.
  const isPlain = linear instanceof Linear && linear.constructor === Linear;
  if (!isPlain || !stepContext().training || savingPolicy() !== 'lean') {
    const logits = head.call(hidden);
    return { loss: nextTokenLoss(logits, labels, selection), logits, hidden };
  }
  const [batch, tokens, features] = hidden.shape as [number, number, number];
  const rows = batch * tokens;
  const { weight, bias, layout } = linear;
  const loss = memoryMeter().inLayer(linear.path, () =>
    linearCrossEntropy(
      reshape(hidden, [rows, features]),
      { weight, bias, layout },
      batchTensor({ dtype: 'int32', shape: [rows], data: labelsOfRows(labels, selection) }),
    ),
  );
  const output = { loss, hidden };
  // Not enumerable: whoever looks through the output for its tensors must not have the logits computed.
  return Object.defineProperty(output, 'logits', { get: () => noGrad(() => head.call(hidden)) }) as ModelOutput;
}
