/** Mean negative log-likelihood of the learnt tokens of every example. */
import { ignoredLabel, predict, type Batch, type TokenChoice, type TrainableModel } from '@leantune/core';
import { Batcher } from '../batching/batcher.js';
import type { EncodedExample, RowTokenizer } from '../batching/encode.js';
import type { MetricName } from '../metrics/metric.js';
import { scoreRows, type TaskScore } from '../task/score.js';
import { negativeLogLikelihood } from './negativeLogLikelihood.js';

/** Logits that may come to the host at once: 64 Mi values of 4 bytes. */
const MOST_LOGITS = 1 << 26;

interface ScoreOptions {
  /** Examples a batch; fewer where the vocabulary is large. */
  readonly size: number;
  readonly tokenizer: Pick<RowTokenizer, 'padTokenId' | 'vocabularySize'>;
  readonly breathe?: (() => Promise<void>) | undefined;
}

/** Scores `examples`; every learnt token weighs the same. */
export async function scoreTokens(
  model: TrainableModel,
  examples: readonly EncodedExample[],
  split: string,
  metrics: readonly [MetricName, ...MetricName[]],
  { size: mostExamples, tokenizer: { padTokenId, vocabularySize = 1 }, breathe }: ScoreOptions,
): Promise<TaskScore> {
  const losses = new Float64Array(examples.length);
  const tokens = new Float64Array(examples.length);
  const longest = examples.reduce((length, { inputIds }) => Math.max(length, inputIds.length), 1);
  const fitting = Math.floor(MOST_LOGITS / (longest * vocabularySize));
  const size = Math.max(1, Math.min(mostExamples, fitting));
  const batcher = new Batcher(examples, { size, order: 'length', padTokenId, labels: 'tokens' });
  for (const batch of batcher) {
    const choice = predictors(batch);
    const { logits, shape } = predict(model, batch, { tokens: choice });
    const [, slots, vocabulary] = shape as [number, number, number];
    batch.indices.forEach((index, row) => {
      let sum = 0;
      let count = 0;
      for (let slot = 0; slot < choice.tokens; slot++) {
        if (choice.mask[row * choice.tokens + slot] === 0) continue;
        const label = batch.labels.data[row * batch.length + choice.positions[row * choice.tokens + slot]! + 1]!;
        const offset = (row * slots + (slots - choice.tokens) + slot) * vocabulary;
        sum += negativeLogLikelihood(logits.subarray(offset, offset + vocabulary), label);
        count += 1;
      }
      losses[index] = count === 0 ? 0 : sum / count;
      tokens[index] = count;
    });
    await breathe?.();
  }
  return scoreRows(split, metrics, examples.length, () => ({ predictions: losses, labels: tokens }));
}

/** The tokens whose successor is learnt. */
function predictors({ size, length, labels }: Batch): TokenChoice {
  const rows = Array.from({ length: size }, (_, row) =>
    Array.from({ length: length - 1 }, (_, position) => position).filter(
      (position) => labels.data[row * length + position + 1] !== ignoredLabel,
    ),
  );
  const tokens = Math.max(1, ...rows.map((positions) => positions.length));
  const positions = new Int32Array(size * tokens);
  const mask = new Int32Array(size * tokens);
  rows.forEach((own, row) => {
    positions.set(own, row * tokens);
    mask.fill(1, row * tokens, row * tokens + own.length);
  });
  return { tokens, positions, mask };
}
