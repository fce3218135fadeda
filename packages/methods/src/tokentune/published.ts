import type { Batch, HostArray, RandomStream, TokenChoice, TokenSlots } from '@leantune/core';
import { ignoredLabel } from '@leantune/core';
import { nextTokenLabels } from '@leantune/models';
import { realTokens, slotsOf } from './select.js';

/** What the published collators draw from: a number of tokens, or a share of them. */
export interface PublishedCount {
  readonly tokens: number | undefined;
  readonly ratio: number | undefined;
}

/**
 * The published collator of decoders: first, last, and between them `tokens` others, or ⌊ratio · (L - 2)⌋ of all but
 * the one before the last, which it can never draw.
 */
export function drawDecoderAsPublished(
  batch: Batch,
  { tokens, ratio }: PublishedCount,
  random: RandomStream,
): TokenSlots {
  return slotsOf(
    realTokens(batch).map((real) => {
      const between = ratio === undefined ? real.slice(1, -1) : real.slice(1, -2);
      const wanted = ratio === undefined ? tokens! : Math.trunc(ratio * (real.length - 2));
      const drawn = random.sample(between.length, Math.min(wanted, between.length)).map((index) => between[index]!);
      return [...new Set([real[0]!, ...drawn.sort((a, b) => a - b), real.at(-1)!])];
    }),
  );
}

/** Groups of the published collators are at least this wide. */
const MINIMUM_GROUP_WIDTH = 2;

/**
 * The batch as the published collators feed it: the selected tokens first, then the others, each group padded apart
 * with id, type and position 0 and mask 0. Padded slots of the selected group take part in means and gradients, as
 * they do there. In decoders each token sees those at its own original position or before; labels of padded slots do
 * not count (the published collator gives them label 0, a defect).
 */
export function groupAsPublished(batch: Batch, choice: TokenSlots, kind: 'encoder' | 'decoder'): TokenChoice {
  const lengths = realTokens(batch).map((real) => real.length);
  const chosen = lengths.map((_, row) => {
    const start = row * choice.tokens;
    const real = choice.mask.subarray(start, start + choice.tokens);
    return [...choice.positions.subarray(start, start + choice.tokens)].filter((_position, slot) => real[slot] === 1);
  });
  const others = lengths.map((length, row) => {
    const taken = new Set(chosen[row]);
    return Array.from({ length }, (_, token) => token).filter((token) => !taken.has(token));
  });
  const width = (rows: readonly number[][]) => Math.max(MINIMUM_GROUP_WIDTH, ...rows.map((row) => row.length));
  const selectedWidth = width(chosen);
  const length = selectedWidth + width(others);
  /** Source token of every slot, -1 for padding: [size, length]. */
  const sources = new Int32Array(batch.size * length).fill(-1);
  chosen.forEach((row, index) => sources.set(row, index * length));
  others.forEach((row, index) => sources.set(row, index * length + selectedWidth));

  const place = (value: (row: number, token: number) => number, padding = 0): HostArray => ({
    dtype: 'int32',
    shape: [batch.size, length],
    data: sources.map((token, slot) => (token < 0 ? padding : value(Math.floor(slot / length), token))),
  });
  const from = (array: HostArray) => place((row, token) => array.data[row * batch.length + token]!);
  const { inputIds, attentionMask, tokenTypeIds, ...whole } = batch.inputs;
  const positionIds = place((_row, token) => token);
  const nextLabels = () => {
    const next = nextTokenLabels(batch);
    return place((row, token) => next[row * batch.length + token]!, ignoredLabel);
  };
  const inputs = {
    ...whole,
    inputIds: from(inputIds!),
    attentionMask: from(attentionMask!),
    positionIds,
    ...(tokenTypeIds === undefined ? {} : { tokenTypeIds: from(tokenTypeIds) }),
    ...(kind === 'encoder' ? {} : { causalOrder: positionIds, nextTokenLabels: nextLabels() }),
  };
  return {
    tokens: selectedWidth,
    positions: Int32Array.from({ length: batch.size * selectedWidth }, (_, slot) => slot % selectedWidth),
    mask: new Int32Array(batch.size * selectedWidth).fill(1),
    batch: { size: batch.size, length, inputs, labels: batch.labels },
  };
}
