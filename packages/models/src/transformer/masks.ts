import { additiveMask, causalOrder, type AttentionMask, type DeviceBatch } from '@leantune/core';

/**
 * Every token sees itself and the real tokens before it.
 * @param absolute whether padding on the left, which sees no real token, sees no later padding either (GPT-2)
 */
export function causalMask({ inputs, length, selection, host }: DeviceBatch, absolute = false): AttentionMask {
  const padded = host.inputs.attentionMask?.data.some((value) => value === 0) ?? false;
  return {
    keys: padded ? additiveMask(inputs.attentionMask!) : undefined,
    causal: { ...causalOrder(length, inputs.causalOrder, selection), absolute },
  };
}
