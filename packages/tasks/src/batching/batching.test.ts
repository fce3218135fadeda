import { UsageError } from '@leantune/core';
import { describe, expect, it } from 'vitest';
import type { TextRow } from '../data/dataset.js';
import { characterTokenizer } from '../testing/characterTokenizer.js';
import { Batcher, type BatchCursor, type BatcherOptions, type IndexedBatch } from './batcher.js';
import { encodeDataset } from './encode.js';
import { languageExample } from './languageExample.js';
import { OutputCollector } from './outputs.js';

const MAX_LENGTH = 8;
/** Lengths in tokens: text + 2. */
const rows: TextRow[] = ['ab', 'a', 'abcd', 'abc', 'abcdefghij', '', 'x'].map((text, index) => ({
  text,
  label: index % 2,
}));
const examples = encodeDataset(rows, characterTokenizer, { maxLength: MAX_LENGTH });

const batcher = (options: Partial<BatcherOptions> = {}) =>
  new Batcher(examples, { size: 3, order: 'rows', padTokenId: 0, labels: 'int32', ...options });

const orderOf = (batches: Iterable<IndexedBatch>) => [...batches].flatMap((batch) => batch.indices);

describe('encodeDataset', () => {
  it('truncates to the maximum and marks the second text', () => {
    expect(examples.map((example) => example.inputIds.length)).toEqual([4, 3, 6, 5, 8, 2, 3]);
    const [pair] = encodeDataset([{ text: 'a', pair: 'bc', label: 2.5 }], characterTokenizer, { maxLength: 8 });
    expect(pair).toEqual({
      inputIds: Int32Array.of(1, 97, 2, 98, 99, 2),
      attentionMask: Int32Array.of(1, 1, 1, 1, 1, 1),
      tokenTypeIds: Int32Array.of(0, 0, 0, 1, 1, 1),
      label: 2.5,
    });
  });
});

describe('Batcher', () => {
  it('pads to the longest of the batch, right, with the pad token and mask 0', () => {
    const [first] = batcher({ size: 2 });
    expect(first).toEqual({
      size: 2,
      length: 4,
      inputs: {
        inputIds: { dtype: 'int32', shape: [2, 4], data: Int32Array.of(1, 97, 98, 2, 1, 97, 2, 0) },
        attentionMask: { dtype: 'int32', shape: [2, 4], data: Int32Array.of(1, 1, 1, 1, 1, 1, 1, 0) },
        tokenTypeIds: { dtype: 'int32', shape: [2, 4], data: new Int32Array(8) },
      },
      labels: { dtype: 'int32', shape: [2], data: Int32Array.of(0, 1) },
      indices: [0, 1],
    });
  });

  it('pads to the maximum and with another pad token where asked', () => {
    const [first] = batcher({ size: 2, padding: 'maximum', maxLength: MAX_LENGTH, padTokenId: 9 });
    expect(first!.length).toBe(8);
    expect(first!.inputs.inputIds!.data).toEqual(Int32Array.of(1, 97, 98, 2, 9, 9, 9, 9, 1, 97, 2, 9, 9, 9, 9, 9));
  });

  it('gives float32 targets for a regression', () => {
    const [first] = batcher({ labels: 'float32' });
    expect(first!.labels).toEqual({ dtype: 'float32', shape: [3], data: Float32Array.of(0, 1, 0) });
  });

  it('keeps or drops a last batch that is not full', () => {
    expect([...batcher()].map((batch) => batch.size)).toEqual([3, 3, 1]);
    const dropping = batcher({ dropLast: true });
    expect([...dropping].map((batch) => batch.size)).toEqual([3, 3]);
    expect(dropping.length).toBe(2);
  });

  it('shuffles by seed and epoch alone, every row once', () => {
    const shuffled = batcher({ order: 'shuffled', seed: 1 });
    const epochs = [0, 1, 2].map((epoch) => orderOf(shuffled.epoch(epoch)));
    for (const order of epochs) expect([...order].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(new Set(epochs.map(String)).size).toBe(3);
    expect(orderOf(batcher({ order: 'shuffled', seed: 1, epoch: 2 }))).toEqual(epochs[2]);
    expect(orderOf(batcher({ order: 'shuffled', seed: 2 }))).not.toEqual(epochs[0]);
    // As it came out when results were first made: another order would be another run under the same seed.
    expect(epochs[0]).toEqual([6, 2, 1, 5, 4, 3, 0]);
  });

  it('groups rows of about the same length, the longest first, by seed and epoch alone', () => {
    const long = Array.from({ length: 64 }, (_, index) => ({ text: 'x'.repeat((index * 7) % 40), label: 0 }));
    const encoded = encodeDataset(long, characterTokenizer, { maxLength: 64 });
    const grouped = (seed: number) =>
      new Batcher(encoded, { size: 4, order: 'grouped', seed, padTokenId: 0, labels: 'int32' });
    const order = orderOf(grouped(3));
    expect([...order].sort((a, b) => a - b)).toEqual(long.map((_, index) => index));
    expect(orderOf(grouped(3))).toEqual(order);
    expect(orderOf(grouped(4))).not.toEqual(order);
    expect(orderOf(grouped(3).epoch(1))).not.toEqual(order);
    const lengths = order.map((row) => encoded[row]!.inputIds.length);
    expect(lengths[0]).toBe(Math.max(...lengths));
    const padding = (batches: Batcher) =>
      [...batches].reduce(
        (sum, { inputs }) => sum + inputs.attentionMask!.data.filter((value) => value === 0).length,
        0,
      );
    const shuffled = new Batcher(encoded, { size: 4, order: 'shuffled', seed: 3, padTokenId: 0, labels: 'int32' });
    expect(padding(grouped(3))).toBeLessThan(0.5 * padding(shuffled));
    expect(grouped(3).batch(0, 5)).toEqual([...grouped(3)][5]);
  });

  it('pads tokens to be learnt with -100, on either side', () => {
    const rows = [languageExample([5, 6, 7], 1), languageExample([8, 9], 0)];
    const batch = (paddingSide: 'left' | 'right') =>
      new Batcher(rows, { size: 2, order: 'rows', padTokenId: 0, paddingSide, labels: 'tokens' }).batch(0, 0);
    const shape = [2, 3];
    expect(batch('right')).toEqual({
      size: 2,
      length: 3,
      inputs: {
        inputIds: { dtype: 'int32', shape, data: Int32Array.of(5, 6, 7, 8, 9, 0) },
        attentionMask: { dtype: 'int32', shape, data: Int32Array.of(1, 1, 1, 1, 1, 0) },
      },
      labels: { dtype: 'int32', shape, data: Int32Array.of(-100, 6, 7, 8, 9, -100) },
      indices: [0, 1],
    });
    const left = batch('left');
    expect(left.inputs.inputIds!.data).toEqual(Int32Array.of(5, 6, 7, 0, 8, 9));
    expect(left.inputs.attentionMask!.data).toEqual(Int32Array.of(1, 1, 1, 0, 1, 1));
    expect(left.labels.data).toEqual(Int32Array.of(-100, 6, 7, -100, 8, 9));
  });

  it('gives any batch without those before it', () => {
    const shuffled = batcher({ order: 'shuffled', seed: 5 });
    expect(shuffled.batch(3, 1)).toEqual([...batcher({ order: 'shuffled', seed: 5 }).epoch(3)][1]);
    expect(() => shuffled.batch(0, 3)).toThrow('batch 3 asked for, the epoch has 3');
    expect(() => shuffled.batch(0, -1)).toThrow('batch -1 asked for, the epoch has 3');
  });

  it.each<[Partial<BatcherOptions>]>([
    [{ order: 'shuffled', seed: 9 }],
    [{ order: 'grouped', seed: 9 }],
    [{ order: 'length' }],
    [{ order: 'rows', dropLast: true }],
    [{ order: 'shuffled', seed: 9, padding: 'maximum', maxLength: MAX_LENGTH, size: 2 }],
  ])('goes on anywhere with the batches that were left: %o', (options) => {
    const epochs = 3;
    const whole = [...batcher(options).from({ epoch: 0, position: 0 }, epochs)];
    expect(whole).toHaveLength(epochs * batcher(options).length);
    for (let done = 0; done <= whole.length; done++) {
      // As another process would: from what a checkpoint holds.
      const cursor = JSON.parse(JSON.stringify(batcher(options).cursorAfter(done))) as BatchCursor;
      expect([...batcher(options).from(cursor, epochs)]).toEqual(whole.slice(done));
    }
    expect(() => batcher(options).cursorAfter(-1)).toThrow('-1 batches found, expected 0 or more');
  });

  it('sorts by length, longest first, equal lengths in row order', () => {
    const sorted = batcher({ order: 'length' });
    expect(orderOf(sorted)).toEqual([4, 2, 3, 0, 1, 6, 5]);
    expect([...sorted].map((batch) => batch.length)).toEqual([8, 4, 2]);
  });

  it.each<[Partial<BatcherOptions>, string]>([
    [{ size: 0 }, 'size: 0 found, expected a positive integer'],
    [{ size: 1.5 }, 'size: 1.5 found, expected a positive integer'],
    [{ padding: 'maximum' }, 'maxLength: undefined found, expected a positive integer'],
    [{ padding: 'maximum', maxLength: 7 }, 'row 4 has 8 tokens, more than maxLength 7'],
  ])('refuses %o', (options, message) => {
    expect(() => batcher(options)).toThrow(new UsageError(message, { code: 'LEANTUNE_BATCH_OPTIONS' }));
  });
});

describe('OutputCollector', () => {
  it('puts outputs of sorted batches back into the order of the rows', () => {
    const collector = new OutputCollector(rows.length, 2);
    for (const batch of batcher({ order: 'length' })) {
      collector.add(
        batch,
        batch.indices.flatMap((index) => [index, -index]),
      );
    }
    expect(collector.values).toEqual(Float32Array.from(rows.flatMap((_, index) => [index, -index])));
  });

  it('refuses what does not fit', () => {
    const collector = new OutputCollector(3, 1);
    collector.add({ indices: [2, 0] }, [1, 2]);
    expect(() => collector.values).toThrow('outputs of row 1 (of 3, counted from 0) are missing');
    expect(() => collector.add({ indices: [0] }, [1])).toThrow(
      'outputs of row 0 came twice, or there is no such row (3 rows, counted from 0)',
    );
    expect(() => collector.add({ indices: [3] }, [1])).toThrow('there is no such row (3 rows, counted from 0)');
    expect(() => collector.add({ indices: [1] }, [1, 2])).toThrow('2 output values found, expected 1 rows of 1');
  });
});
