import { ignoredLabel, type Batch, type HostArray, type TokenChoice } from '@leantune/core';

/**
 * A batch with `count` virtual tokens before every text: real to the mask, of type 0, without labels.
 * @param labelsOfText whether labels of tokens are the text's, and not those of a target
 */
export function withVirtualTokens(batch: Batch, count: number, labelsOfText: boolean): Batch {
  const { size, length, inputs, labels } = batch;
  const first = (row: number) => firstRealToken(batch, row);
  const before: Record<string, (row: number, column: number) => number> = {
    // Stands for a real token wherever positions are counted by ids; its own embedding is not used.
    inputIds: (row) => first(row),
    attentionMask: () => 1,
    tokenTypeIds: () => 0,
    positionIds: (_, column) => column,
    causalOrder: (_, column) => column,
    nextTokenLabels: () => ignoredLabel,
  };
  const moved = new Set(['positionIds', 'causalOrder']);
  const longer = Object.entries(inputs).map(([name, array]) => {
    const value = before[name];
    if (value === undefined) return [name, array];
    return [name, prepend(array, count, value, moved.has(name) ? count : 0)];
  });
  // Labels of tokens: language modelling.
  const byToken = labelsOfText && labels.shape.length === 2 && labels.shape[1] === length;
  return {
    ...batch,
    length: count + length,
    inputs: Object.fromEntries(longer) as Batch['inputs'],
    labels: byToken && labels.shape[0] === size ? prepend(labels, count, () => ignoredLabel, 0) : labels,
  };
}

/** A selection in the longer batch: the virtual tokens, then the chosen ones. */
export function choiceWithVirtualTokens(choice: TokenChoice, count: number, labelsOfText: boolean): TokenChoice {
  const { tokens, positions, mask, batch } = choice;
  const shape = [positions.length / tokens, tokens];
  const longer = (data: Int32Array, value: (row: number, column: number) => number, shift: number) =>
    prepend({ dtype: 'int32', shape, data }, count, value, shift).data as Int32Array;
  return {
    ...choice,
    tokens: count + tokens,
    positions: longer(positions, (_, column) => column, count),
    mask: longer(mask, () => 1, 0),
    ...(batch !== undefined && { batch: withVirtualTokens(batch, count, labelsOfText) }),
  };
}

/** [rows, columns] → [rows, count + columns]; `shift` is added to what was there. */
function prepend(
  { shape, data }: HostArray,
  count: number,
  value: (row: number, column: number) => number,
  shift: number,
): HostArray {
  const [rows, columns] = shape as [number, number];
  const width = count + columns;
  const longer = Int32Array.from({ length: rows * width }, (_, index) => {
    const row = Math.floor(index / width);
    const column = index % width;
    return column < count ? value(row, column) : data[row * columns + column - count]! + shift;
  });
  return { dtype: 'int32', shape: [rows, width], data: longer };
}

function firstRealToken({ length, inputs }: Batch, row: number): number {
  const { inputIds, attentionMask } = inputs;
  const begin = row * length;
  const real = attentionMask?.data.subarray(begin, begin + length).findIndex((value) => value === 1) ?? 0;
  return inputIds!.data[begin + Math.max(0, real)]!;
}
