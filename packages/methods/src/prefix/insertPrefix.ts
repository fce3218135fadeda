import { withVisiblePrefix, type Batch } from '@leantune/core';
import type { TransformerModel } from '@leantune/models';
import { messages } from '../messages.js';
import { PrefixEncoder } from './prefixEncoder.js';

/** Name of the module that holds what stands before the text, in PEFT and here. */
export const promptEncoderName = 'prompt_encoder';

/** Whether keys and values can stand before the text: one stack of layers over tokens. */
export function supportsPrefix(model: TransformerModel): true | string {
  if (model.vocabularySize === undefined) return messages.noTokens();
  if (model.kind === 'encoder-decoder') return messages.prefixNeedsOneStack();
  return !hasVirtualTokens(model) || messages.hasVirtualTokens();
}

/** Whether something stands before the text already. */
export function hasVirtualTokens(model: TransformerModel): boolean {
  return model.arrangement !== undefined;
}

/** Sizes that the keys and values of a prefix must have. */
export function prefixShape(model: TransformerModel) {
  const { layers } = model.stacks[0]!;
  const { heads, keyValueHeads = heads } = layers[0]!.options.attention.shape;
  return { layers: layers.length, heads, keyValueHeads, keyValueWidth: layers[0]!.attention.attention.keyValueWidth };
}

/**
 * Puts trained keys and values before those of every layer. As in PEFT every token sees them, they are not rotated, and
 * positions of the text start behind them.
 */
export function insertPrefix(
  model: TransformerModel,
  { length, projection }: { readonly length: number; readonly projection?: number | undefined },
  seed: number,
): void {
  const stack = model.stacks[0]!;
  const { layers, keyValueWidth } = prefixShape(model);
  const shape = { length, projection, layers, keyValueWidth };
  const encoder = model.insertModule(promptEncoderName, new PrefixEncoder(shape, seed, promptEncoderName));
  stack.extendContext = (context) => ({
    ...context,
    mask: withVisiblePrefix(context.mask, length),
    prefixes: encoder.call(),
  });
  const behind = (batch: Batch) => ({ ...withShiftedPositions(batch, length), firstPosition: length });
  model.arrangement = {
    batch: behind,
    choice: (choice) => (choice.batch === undefined ? choice : { ...choice, batch: behind(choice.batch) }),
  };
}

/** Positions that a batch brings along start behind the prefix as well. */
function withShiftedPositions(batch: Batch, length: number): Batch {
  const { positionIds } = batch.inputs;
  if (positionIds?.dtype !== 'int32') return batch;
  const shifted = { ...positionIds, data: positionIds.data.map((position) => position + length) };
  return { ...batch, inputs: { ...batch.inputs, positionIds: shifted } };
}
