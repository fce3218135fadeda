import { RandomStream, type Batch, type TokenChoice, type TokenSlots } from '@leantune/core';
import { openWeights } from '@leantune/models/node';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { classification, randomBatch } from '../testing/tinyBert.js';
import { groupAsPublished } from './published.js';
import { drawTokens, realTokens, type TokenCount } from './select.js';

const stream = (index = 0) => new RandomStream(9, 'selection', index);
/** As encoders draw: the first token, and others of all real ones. */
function selectTokens(batch: Batch, count: TokenCount, random: RandomStream): TokenChoice {
  const rows = realTokens(batch).map((real) => ({
    always: real.slice(0, 1),
    eligible: real,
    predicting: [],
    length: real.length,
  }));
  return drawTokens(rows, count, () => random);
}

const rowsOf = ({ tokens, positions, mask }: TokenSlots, size: number) =>
  Array.from({ length: size }, (_, row) =>
    [...positions.subarray(row * tokens, (row + 1) * tokens)].filter((_position, slot) => mask[row * tokens + slot]),
  );

describe('selectTokens', () => {
  const lengths = [12, 7, 3, 1];
  const batch = randomBatch(0, lengths, classification);

  it('takes the first token and others that are real, distinct and in order, in every draw', () => {
    for (let draw = 0; draw < 200; draw++) {
      const choice = selectTokens(batch, () => 5, stream(draw));
      expect(choice.tokens).toBe(5);
      rowsOf(choice, 4).forEach((row, index) => {
        const length = lengths[index]!;
        expect(row).toHaveLength(Math.min(5, length));
        expect(row[0]).toBe(0);
        expect(row.every((position, slot) => position < length && (slot === 0 || position > row[slot - 1]!))).toBe(
          true,
        );
      });
      // Padded slots come last and point at a token that exists.
      expect([...choice.mask.subarray(10, 15)]).toEqual([1, 1, 1, 0, 0]);
      expect([...choice.positions.subarray(13, 15)]).toEqual([0, 0]);
    }
  });

  it('is as wide as its longest selection', () => {
    expect(selectTokens(batch, () => 99, stream()).tokens).toBe(12);
    const short = selectTokens(randomBatch(0, [3, 2], classification), () => 16, stream());
    expect(short).toEqual({
      tokens: 3,
      positions: Int32Array.from([0, 1, 2, 0, 1, 0]),
      mask: Int32Array.from([1, 1, 1, 1, 1, 0]),
    });
  });

  it('counts by the length of each row', () => {
    const half = selectTokens(batch, (length) => Math.max(2, Math.round(0.5 * length)), stream());
    // round(6), round(3.5) = 4, at least 2, no more than there are.
    expect(rowsOf(half, 4).map((row) => row.length)).toEqual([6, 4, 2, 1]);
  });

  it('draws every other position equally often', () => {
    const draws = 6000;
    const one = randomBatch(0, [11], classification);
    const counts = new Array<number>(11).fill(0);
    const random = stream();
    for (let draw = 0; draw < draws; draw++) {
      for (const position of selectTokens(one, () => 4, random).positions) counts[position]! += 1;
    }
    expect(counts[0]).toBe(draws);
    // 3 of 10 without replacement: chi-square with 9 degrees of freedom, scaled by 1 / (1 - 0.3); 33.7 is p = 1e-4.
    const expected = draws * 0.3;
    const chiSquare = counts.slice(1).reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0) * (0.9 / 0.7);
    expect(chiSquare).toBeLessThan(33.7);
  });

  it('repeats with its stream and differs with another', () => {
    expect(selectTokens(batch, () => 5, stream(1))).toEqual(selectTokens(batch, () => 5, stream(1)));
    expect(selectTokens(batch, () => 5, stream(1))).not.toEqual(selectTokens(batch, () => 5, stream(2)));
  });
});

const shared = resolve(process.env.LEANTUNE_SHARED ?? join(import.meta.dirname, '../../../../../shared'));
const cases = join(shared, 'goldens/cases');
const names = existsSync(cases) ? readdirSync(cases).filter((name) => name.startsWith('tokentune-bert-')) : [];

describe('groupAsPublished', () => {
  if (names.length === 0)
    it.skip('skipped: no goldens in ../shared (LEANTUNE_SHARED names the folder)', () => undefined);
  // The groups as the published collator made them, from the tokens that it drew.
  else
    it.each(names)('arranges the batch of %s as the published collator', async (name) => {
      const golden = await openWeights(join(cases, name, 'golden.safetensors'));
      const [selected, rest] = await Promise.all(
        ['sel.', 'rest.'].map(async (prefix) => ({
          ids: await golden.read(`${prefix}input_ids`),
          mask: await golden.read(`${prefix}attention_mask`),
          types: await golden.read(`${prefix}token_type_ids`),
          positions: await golden.read(`${prefix}position_ids`),
        })),
      );
      const inputIds = await golden.read('full.input_ids');
      const [size, length] = inputIds.shape as [number, number];
      const batch: Batch = {
        size,
        length,
        inputs: {
          inputIds,
          attentionMask: await golden.read('full.attention_mask'),
          tokenTypeIds: await golden.read('full.token_type_ids'),
        },
        labels: await golden.read('labels'),
      };
      await golden.close();
      const tokens = selected!.ids.shape[1]!;
      const grouped = groupAsPublished(
        batch,
        {
          tokens,
          positions: selected!.positions.data as Int32Array,
          mask: selected!.mask.data as Int32Array,
        },
        'encoder',
      );
      const width = rest!.ids.shape[1]!;
      expect(grouped).toMatchObject({ tokens, batch: { size, length: tokens + width, labels: batch.labels } });
      const side = (key: 'ids' | 'mask' | 'types' | 'positions') =>
        Array.from({ length: size }, (_, row) => [
          ...selected![key].data.subarray(row * tokens, (row + 1) * tokens),
          ...rest![key].data.subarray(row * width, (row + 1) * width),
        ]).flat();
      const { inputs } = grouped.batch!;
      expect([...inputs.inputIds!.data]).toEqual(side('ids'));
      expect([...inputs.attentionMask!.data]).toEqual(side('mask'));
      expect([...inputs.tokenTypeIds!.data]).toEqual(side('types'));
      expect([...inputs.positionIds!.data]).toEqual(side('positions'));
      // Every slot of the first group takes part, padded ones too.
      expect(grouped.mask.every((value) => value === 1)).toBe(true);
      expect([...grouped.positions.subarray(0, tokens)]).toEqual(Array.from({ length: tokens }, (_, slot) => slot));
    });

  it('makes both groups at least two wide, as the published collator does', () => {
    const batch = randomBatch(0, [3, 3], classification);
    const grouped = groupAsPublished(
      batch,
      selectTokens(batch, () => 8, stream()),
      'encoder',
    );
    expect(grouped.tokens).toBe(3);
    expect(grouped.batch!.length).toBe(3 + 2);
    expect([...grouped.batch!.inputs.attentionMask!.data]).toEqual([1, 1, 1, 0, 0, 1, 1, 1, 0, 0]);
  });
});
