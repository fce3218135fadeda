import { ignoredLabel, type Batch, type RandomStream, type TokenSlots } from '@leantune/core';
import { nextTokenLabels } from '@leantune/models';

/** Tokens of one row that take part in a selection. */
export interface RowTokens {
  /** Positions that are always kept. */
  readonly always: readonly number[];
  /** Positions that others are drawn from; may hold those of `always`. */
  readonly eligible: readonly number[];
  /** Positions that have a label to predict; empty where labels are not by token. */
  readonly predicting: readonly number[];
  /** Number of real tokens. */
  readonly length: number;
}

/** How many tokens of a row with `length` real ones are kept. */
export type TokenCount = (length: number) => number;

/** Positions of the real tokens of every row, in order. */
export function realTokens({ size, length, inputs }: Batch): number[][] {
  const mask = inputs.attentionMask!.data;
  return Array.from({ length: size }, (_, row) => {
    const positions: number[] = [];
    for (let token = 0; token < length; token++) if (mask[row * length + token] === 1) positions.push(token);
    return positions;
  });
}

/**
 * Draws the tokens of every row (Simoulin et al. 2024, section 3): those that are always kept, and others uniformly
 * without replacement up to `count`, in ascending order. Rows with fewer tokens keep all of them; their remaining
 * slots are padded and point at their first token. A row that has something to predict keeps at least one token that
 * does, so that no row is without a loss.
 */
export function drawTokens(
  rows: readonly RowTokens[],
  count: TokenCount,
  random: (row: number) => RandomStream,
): TokenSlots {
  return slotsOf(rows.map((row, index) => drawRow(row, Math.min(count(row.length), row.length), random(index))));
}

function drawRow({ always, eligible, predicting }: RowTokens, count: number, random: RandomStream): number[] {
  const kept = new Set(always);
  const rest = eligible.filter((position) => !kept.has(position));
  const drawn = random.sample(rest.length, Math.max(0, Math.min(count - kept.size, rest.length))).map((i) => rest[i]!);
  const predicts = (position: number) => predicting.includes(position);
  if (predicting.length > 0 && ![...kept, ...drawn].some(predicts)) {
    // The place of a drawn token; where all are fixed, that of the last one, which predicts nothing.
    if (drawn.length > 0) drawn.pop();
    else if (kept.size > 1) kept.delete(Math.max(...kept));
    drawn.push(predicting[random.integer(predicting.length)]!);
  }
  return [...kept, ...drawn].sort((a, b) => a - b);
}

/** Rows of positions as slots of one width, padded at the end. */
export function slotsOf(rows: readonly (readonly number[])[]): TokenSlots {
  const tokens = Math.max(...rows.map((row) => row.length));
  const positions = new Int32Array(rows.length * tokens);
  const mask = new Int32Array(rows.length * tokens);
  rows.forEach((row, index) => {
    positions.fill(row[0] ?? 0, index * tokens, (index + 1) * tokens);
    positions.set(row, index * tokens);
    mask.fill(1, index * tokens, index * tokens + row.length);
  });
  return { tokens, positions, mask };
}

/** Positions of every row whose next token has a label: [size, length] labels of language modelling. */
export function predictingTokens(batch: Batch): number[][] {
  return positionsWithLabel(nextTokenLabels(batch), batch.size);
}

/** Positions of every row that have a label of their own: targets of an encoder-decoder. */
export function labelledTokens({ size, labels }: Batch): number[][] {
  return positionsWithLabel(labels.data, size);
}

function positionsWithLabel(labels: ArrayLike<number>, size: number): number[][] {
  const length = labels.length / size;
  return Array.from({ length: size }, (_, row) =>
    Array.from({ length }, (_token, index) => index).filter((index) => labels[row * length + index] !== ignoredLabel),
  );
}
