/** Questions whose answer is a piece of the text (SQuAD), by an encoder with a head for first and last token. */
import { predict } from '@leantune/core';
import { Batcher } from '../../batching/batcher.js';
import type { SpanRow } from '../../data/dataset.js';
import { answerF1, exactMatch } from '../../span/answerMatch.js';
import { bestSpan, type SpanCandidate } from '../../span/bestSpan.js';
import { windowsOf } from '../../span/windows.js';
import type { SpanDeclaration } from '../declaration.js';
import { scoreRows } from '../score.js';
import type { TaskKind } from './kind.js';

export const spanKind: TaskKind<SpanDeclaration, SpanRow> = {
  head: () => ({ kind: 'question-answering' }),
  encode: (_declaration, rows, { tokenizer, maxLength }) => ({
    examples: windowsOf(rows, tokenizer, maxLength).map(({ example }) => example),
    maxLength,
    labels: 'span',
  }),
  evaluate: async (declaration, model, { split, rows }, options) => {
    const { tokenizer, size } = options;
    const windows = windowsOf(rows, tokenizer, options.maxLength);
    const best: (SpanCandidate | undefined)[] = rows.map(() => undefined);
    const batcher = new Batcher(
      windows.map(({ example }) => example),
      { size, order: 'length', padTokenId: tokenizer.padTokenId, labels: 'span' },
    );
    for (const batch of batcher) {
      const { logits } = predict(model, batch); // [size, length, 2]
      batch.indices.forEach((index, place) => {
        const window = windows[index]!;
        const own = logits.subarray(2 * place * batch.length, 2 * (place + 1) * batch.length);
        const found = bestSpan(window, own);
        const before = best[window.row];
        if (found !== undefined && (before === undefined || found.score > before.score)) best[window.row] = found;
      });
      await options.breathe?.();
    }
    const answers = rows.map(({ context }, row) => context.slice(best[row]?.start ?? 0, best[row]?.end ?? 0));
    const scores = {
      exactMatch: rows.map((row, index) =>
        exactMatch(
          answers[index]!,
          row.answers.map(({ text }) => text),
        ),
      ),
      answerF1: rows.map((row, index) =>
        answerF1(
          answers[index]!,
          row.answers.map(({ text }) => text),
        ),
      ),
    };
    return scoreRows(split, declaration.metrics, rows.length, (name) => ({
      predictions: scores[name as keyof typeof scores],
      labels: rows.map(() => 1),
    }));
  },
};
