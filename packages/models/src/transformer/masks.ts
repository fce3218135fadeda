import { additiveMask, causalOrder, type AttentionMask, type DeviceBatch, type Tensor } from '@leantune/core';

/** What hides the padding of a batch: [batch, 1, 1, length]; undefined where it has none. */
export function paddingMask({ inputs, host }: DeviceBatch): Tensor | undefined {
  const padded = host.inputs.attentionMask?.data.some((value) => value === 0) ?? false;
  return padded ? additiveMask(inputs.attentionMask!) : undefined;
}

/**
 * Every token sees itself and the real tokens before it.
 * @param absolute whether padding on the left, which sees no real token, sees no later padding either (GPT-2)
 */
export function causalMask(batch: DeviceBatch, absolute = false): AttentionMask {
  const { inputs, length, selection } = batch;
  return {
    keys: paddingMask(batch),
    causal: { ...causalOrder(length, inputs.causalOrder, selection), absolute },
  };
}
