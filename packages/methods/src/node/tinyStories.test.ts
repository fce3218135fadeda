import { adamW, ignoredLabel, predict, train, type Batch, type BatchSource, type HostArray } from '@leantune/core';
import { loadModel, type LoadedModel } from '@leantune/models/node';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { describeOnFirstBackend } from '../../../core/src/testing/backends.js';
import { applyMethods } from '../index.js';

const shared = resolve(process.env.LEANTUNE_SHARED ?? join(import.meta.dirname, '../../../../../shared'));
const folder = join(shared, 'models/TinyStories-656K');
const storiesFile = join(shared, 'data/text/tinystories.txt');
const head = { kind: 'causal-lm' } as const;

interface Golden {
  readonly ids: readonly number[];
  /** Negative log-likelihood of every token after the first. */
  readonly nll: readonly number[];
  readonly last_top5: readonly (readonly [id: number, logit: number])[];
}

const int32 = (rows: readonly (readonly number[])[]): HostArray => ({
  dtype: 'int32',
  shape: [rows.length, rows[0]!.length],
  data: Int32Array.from(rows.flat()),
});

/** Rows of ids, padded on the right; every real token is a label. */
function textBatch(rows: readonly (readonly number[])[]): Batch {
  const length = Math.max(...rows.map((row) => row.length));
  const padded = (value: (id: number) => number, other: number) =>
    int32(rows.map((row) => [...row.map(value), ...new Array<number>(length - row.length).fill(other)]));
  return {
    size: rows.length,
    length,
    inputs: { inputIds: padded((id) => id, 0), attentionMask: padded(() => 1, 0) },
    labels: padded((id) => id, ignoredLabel),
  };
}

/** -log p of every token after the first, from the logits of one text. */
function likelihoods(logits: Float32Array, ids: readonly number[], vocabulary: number): number[] {
  return ids.slice(1).map((id, index) => {
    const row = logits.subarray(index * vocabulary, (index + 1) * vocabulary);
    const highest = Math.max(...row);
    return highest + Math.log(row.reduce((total, value) => total + Math.exp(value - highest), 0)) - row[id]!;
  });
}

const absent = !existsSync(folder) || !existsSync(storiesFile);

await describeOnFirstBackend('TinyStories-656K', () => {
  if (absent) {
    it.skip('skipped: no models and data in ../shared (LEANTUNE_SHARED names the folder)', () => undefined);
    return;
  }
  const file = JSON.parse(readFileSync(join(folder, 'golden_logits_float64.json'), 'utf8')) as Record<string, Golden>;
  const golden = file['TinyStories-656K']!;

  // From an independent float64 forward; the F32 file holds the tied matrix under the head's name only.
  it.each(['bf16', 'f32'])('gives the likelihood of every token, from %s', async (precision) => {
    const { model, freshParameters } = await loadModel(join(folder, precision), { head });
    expect(freshParameters).toEqual([]);
    expect(model.parameterCounts().total).toBe(656_000);
    const { logits, shape, loss } = predict(model, textBatch([golden.ids]));
    const vocabulary = shape[2]!;
    const found = likelihoods(logits, golden.ids, vocabulary);
    const errors = found.map((value, index) => Math.abs(value - golden.nll[index]!));
    expect(found).toHaveLength(golden.nll.length);
    expect(Math.max(...errors)).toBeLessThan(1e-4);
    expect(Math.abs(loss - golden.nll.reduce((total, value) => total + value, 0) / golden.nll.length)).toBeLessThan(
      1e-4,
    );
    const last = logits.subarray((golden.ids.length - 1) * vocabulary);
    for (const [id, logit] of golden.last_top5) expect(Math.abs(last[id]! - logit)).toBeLessThan(1e-3);
    model.release();
  });

  it.each(['full', 'lora(rank=8,targets=all-linear)', 'tokentune(ratio=0.3)'])(
    '%s on stories lowers the loss of others',
    async (spelling) => {
      const loaded = await loadModel(join(folder, 'bf16'), { head });
      const { model } = loaded;
      const { training, heldOut } = storyBatches(loaded);
      applyMethods(model, spelling);
      const before = meanLoss(loaded, heldOut);
      await train(model, training, {
        optimizer: adamW({ learningRate: spelling.startsWith('lora') ? 5e-3 : 1e-3 }),
        epochs: 1,
        seed: 1,
        maxGradNorm: 1,
      });
      const after = meanLoss(loaded, heldOut);
      // The model has read stories of this kind before: it starts near 2 nats a token.
      expect(before).toBeGreaterThan(1.5);
      expect(after).toBeLessThan(before - 0.02);
      model.release();
    },
    120_000,
  );
});

/** 15 batches of 8 stories to train on, and 4 batches of later ones. */
function storyBatches({ tokenizer }: LoadedModel): { training: BatchSource; heldOut: readonly Batch[] } {
  const stories = readFileSync(storiesFile, 'utf8')
    .split('<|endoftext|>')
    .map((story) => story.trim())
    .filter((story) => story !== '');
  const batches = (first: number, count: number) =>
    Array.from({ length: count }, (_, index) =>
      textBatch(
        stories
          .slice(first + 8 * index, first + 8 * (index + 1))
          .map((story) => tokenizer.encode(story, undefined, { maxLength: 64 }).inputIds),
      ),
    );
  const training = batches(0, 15);
  return { training: { length: training.length, epoch: () => training }, heldOut: batches(1000, 4) };
}

function meanLoss({ model }: LoadedModel, batches: readonly Batch[]): number {
  return batches.reduce((total, batch) => total + predict(model, batch).loss, 0) / batches.length;
}
