import type { Batch, HostArray, RandomStream, TokenChoice } from '@leantune/core';

/** How many tokens of a row with `length` real ones are kept. */
export type TokenCount = (length: number) => number;

/** Number of real tokens of every row, from the attention mask. */
function rowLengths(batch: Batch): number[] {
  const mask = batch.inputs.attentionMask!.data;
  return Array.from({ length: batch.size }, (_, row) => {
    let length = 0;
    for (let token = 0; token < batch.length; token++) length += mask[row * batch.length + token]!;
    return length;
  });
}

/**
 * TokenTune's choice for encoders (Simoulin et al. 2024, section 3, as the published collator draws it): the first token and count - 1 others,
 * uniformly without replacement among the real ones, in ascending order. Rows with fewer real tokens keep all of
 * them; their remaining slots are padded.
 */
export function selectTokens(batch: Batch, count: TokenCount, random: RandomStream): TokenChoice {
  const rows = rowLengths(batch).map((length) => [
    0,
    ...random.sample(length - 1, Math.min(count(length), length) - 1).map((index) => index + 1),
  ]);
  const tokens = Math.max(...rows.map((row) => row.length));
  const positions = new Int32Array(batch.size * tokens);
  const mask = new Int32Array(batch.size * tokens);
  rows.forEach((row, index) => {
    positions.set(row, index * tokens);
    mask.fill(1, index * tokens, index * tokens + row.length);
  });
  return { tokens, positions, mask };
}

/** Groups of the published collator are at least this wide. */
const MINIMUM_GROUP_WIDTH = 2;

/**
 * The batch as the published collator feeds it: the selected tokens first, then the others, each group padded apart
 * with id, type and position 0 and mask 0. Padded slots of the selected group take part in means and gradients, as
 * they do there.
 */
export function groupAsPublished(batch: Batch, choice: TokenChoice): TokenChoice {
  const lengths = rowLengths(batch);
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

  const place = (value: (row: number, token: number) => number): HostArray => ({
    dtype: 'int32',
    shape: [batch.size, length],
    data: sources.map((token, slot) => (token < 0 ? 0 : value(Math.floor(slot / length), token))),
  });
  const from = (array: HostArray) => place((row, token) => array.data[row * batch.length + token]!);
  const { inputIds, attentionMask, tokenTypeIds } = batch.inputs;
  const inputs = {
    inputIds: from(inputIds!),
    attentionMask: from(attentionMask!),
    positionIds: place((_row, token) => token),
    ...(tokenTypeIds === undefined ? {} : { tokenTypeIds: from(tokenTypeIds) }),
  };
  return {
    tokens: selectedWidth,
    positions: Int32Array.from({ length: batch.size * selectedWidth }, (_, slot) => slot % selectedWidth),
    mask: new Int32Array(batch.size * selectedWidth).fill(1),
    batch: { size: batch.size, length, inputs, labels: batch.labels },
  };
}
